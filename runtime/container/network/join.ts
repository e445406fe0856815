import { networkPreparations } from "../../explain/preparations.ts";
import { Failure } from "../../failure.ts";
import { switchForwardingOn } from "../../host/network/forwarding.ts";
import { openPorts } from "../../host/network/proxy/ports.ts";
import type { Shim } from "../../host/shim.ts";
import { tableName } from "../../network/link-names.ts";
import { noSuchNetwork } from "../../network/listing.ts";
import { DEFAULT_NETWORK, type Lease, type Networks, nameOf, networkNamed, outwardOf } from "../../network/network.ts";
import type { LinkFacts } from "../../plan/host-facts.ts";
import { foreignDrops } from "../../resources/filter.ts";
import { hostsPath, makeHosts } from "../../resources/hosts-file.ts";
import { freeLease, leaseEvents, refuseTakenPorts, rewritePeers, takeLease } from "../../resources/lease.ts";
import { addNetwork } from "../../resources/network.ts";
import { keepRules } from "../../resources/rules.ts";
import type { NetworkSpec } from "../../spec/network.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import { type Claim, hold } from "../../state/claim.ts";
import { entry } from "../../state/entry.ts";
import { namesOfKeys } from "../../state/names.ts";
import { type Held, readNetworks } from "../../state/network-store.ts";
import { type Attached, NOTHING_OPEN } from "./attached.ts";
import { changingNetworks } from "./changing.ts";
import { linksOf } from "./links.ts";
import { leavePorts } from "./move-ports.ts";
import { loopbackFacts, resolverFor, withMachine } from "./name-files.ts";

type Warn = (warning: Failure) => void;

/** A machine without netfilter, or the programs for it, can run what needs no network. */
export async function joinIfPossible(
  shim: Shim,
  spec: ContainerSpec,
  claim: Claim,
  warn: Warn,
  detached: boolean,
): Promise<Attached> {
  try {
    return await join(shim, spec, claim, warn, detached);
  } catch (error) {
    if (!spec.network.byDefault || !(error instanceof Failure) || error.code !== "firewall-unusable") throw error;
    const { code, message, remedy = "" } = error;
    warn(new Failure(`the container has no network: ${message}`, { code, remedy }));
    await freeLease(shim, claim.places.root, { kind: "lease", container: claim.places.key });
    return { facts: loopbackFacts(spec), ...NOTHING_OPEN };
  }
}

async function join(shim: Shim, spec: ContainerSpec, claim: Claim, warn: Warn, detached: boolean): Promise<Attached> {
  // Also finds a store that is damaged, before anything is held that could not be undone then.
  const networks = readNetworks(claim.places.root);
  refuseWithoutWayIn(networks, spec.network);
  refuseTakenPorts(networks, spec.network.ports);
  // One that was taken off all its networks has no way in.
  const wanted = spec.network.attachments.length > 0 ? spec.network.ports : [];
  const ports = await openPorts(wanted);
  try {
    const { facts, address, prepared } = await joined(shim, spec, claim, warn);
    ports.leadTo(address);
    if (detached && wanted.length > 0)
      await leavePorts(shim, ports, address, (helper) => hold(claim, entry(helper, "exit")));
    return { facts, prepared, close: ports.close };
  } catch (error) {
    ports.close();
    throw error;
  }
}

/** A network that is not there yet is the default one, or refused later. */
function refuseWithoutWayIn(networks: Networks, { attachments, ports }: NetworkSpec): void {
  const names = attachments.map(({ network }) => network);
  if (ports.length === 0 || names.length === 0 || !names.every((name) => networkNamed(networks, name)?.internal))
    return;
  throw new Failure(
    `-p can't be used with --network ${names.join(" and ")}: it is internal, so nothing outside reaches it`,
    {
      code: "usage",
      remedy: "leave -p out: containers of the network reach every port; or add a --network that is not internal",
    },
  );
}

async function joined(shim: Shim, spec: ContainerSpec, claim: Claim, warn: Warn) {
  const { root, key, name } = claim.places;
  const named = { hostname: spec.hostname, ...(spec.domainname && { domainname: spec.domainname }) };
  const owner = { container: key, ...(name === key ? {} : { name }) };
  hold(claim, entry({ kind: "lease", container: claim.places.key }, "exit"));
  const { links, address, filter, prepared } = await changingNetworks(shim, root, async (held) => {
    const before = held.store;
    for (const { network } of spec.network.attachments) known(shim, root, held, network);
    held.save({ ...held.store, leases: namedNow(root, held.store.leases) });
    const lease = takeLease(shim, held, { ...owner, ...named }, withMachine(held.store, spec.network));
    leaseEvents(root, "connect", lease);
    makeHosts(root, held.store, lease);
    rewritePeers(root, held.store, lease);
    // First, so that no container is on the bridge without them.
    const filter = await keepRules(shim, root, held, before);
    const links = linksOf(shim, held.store, lease);
    const { store } = held;
    const address = outwardOf(store, lease)?.ipv4 ?? "";
    return { links, address, filter, prepared: () => networkPreparations(root, store, lease) };
  });
  prepareForwarding(links, warn);
  for (const drop of foreignDrops(shim, filter, tableName(root), links)) warn(drop);
  const facts = { hosts: "", hostsFile: hostsPath(root, key), resolvConf: resolverFor(spec, warn), links };
  return { facts, address, prepared };
}

/** Who renamed it may have been killed before it told the network. */
function namedNow(root: string, leases: readonly Lease[]): Lease[] {
  const nameNow = namesOfKeys(root);
  return leases.map((lease) => {
    const name = nameNow(lease.container);
    return name === nameOf(lease) ? lease : { ...lease, name };
  });
}

/** The network of that name; the default one is made when it is first needed. */
export function known(shim: Shim, root: string, held: Held, name: string): void {
  if (networkNamed(held.store, name)) return;
  if (name !== DEFAULT_NETWORK) throw noSuchNetwork(name);
  addNetwork(shim, root, held, { name });
}

export function prepareForwarding(links: readonly LinkFacts[], warn: Warn): void {
  const hasIpv6 = links.some(({ addresses }) => addresses.length > 1);
  for (const setting of switchForwardingOn(hasIpv6)) {
    warn(
      new Failure(`${setting} was 0, and is 1 now: this machine passes packets on between its links`, {
        code: "network-refused",
      }),
    );
  }
}
