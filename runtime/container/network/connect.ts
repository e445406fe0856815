import { networkPreparations } from "../../explain/preparations.ts";
import { Failure } from "../../failure.ts";
import { openShim, type Shim } from "../../host/shim.ts";
import { tableName } from "../../network/link-names.ts";
import { noSuchNetwork } from "../../network/listing.ts";
import {
  DEFAULT_NETWORK,
  isPredefined,
  type Lease,
  leaseFor,
  nameOf,
  networkNamed,
  outwardOf,
} from "../../network/network.ts";
import { plugSteps } from "../../plan/network.ts";
import type { Plan, Preparation, Step } from "../../plan/step.ts";
import { foreignDrops } from "../../resources/filter.ts";
import { rewriteHosts } from "../../resources/hosts-file.ts";
import { checkAddresses, leaseEvents, rewritePeers, takeAttachment } from "../../resources/lease.ts";
import { keepRules } from "../../resources/rules.ts";
import type { RequestedAttachment } from "../../spec/network.ts";
import { type Handle, lookAt, lookAtExisting } from "../../state/handle.ts";
import type { NetworkStore } from "../../state/network-files.ts";
import type { Held } from "../../state/network-store.ts";
import { type Places, placesAt } from "../../state/places.ts";
import type { ContainerRecord } from "../../state/record.ts";
import type { Found } from "../../state/status.ts";
import { hostFailure } from "../failure/diagnose.ts";
import { observed } from "../process/observe.ts";
import { whileItRests } from "../resting.ts";
import type { Observer } from "../running/container.ts";
import { notRunning } from "../running/running.ts";
import { changingNetworks } from "./changing.ts";
import { doInside } from "./inside.ts";
import { known, prepareForwarding } from "./join.ts";
import { linksOf } from "./links.ts";
import { movePorts } from "./move-ports.ts";
import { noteForMonitor, noteNetworks } from "./note.ts";
import { takeOff, withLease, withLinkNames } from "./take-off.ts";

export interface ConnectOptions {
  warn(warning: Failure): void;
  /** Of a link that is made at once. */
  readonly observer?: Observer | undefined;
}

/** Puts a container on one more network, at once where it is up, else at its next start. Throws Failure. */
export function connect(container: Handle, asked: RequestedAttachment, options: ConnectOptions): Promise<void> {
  return changing(container, asked.network, "connect", async (shim, found) => {
    refuseOn(found.record, asked.network);
    if (isUp(found)) return connectNow(shim, container, asked, options);
    await whileItRests(container, () =>
      changingNetworks(shim, container.root, async ({ store }) => {
        const network = networkNamed(store, asked.network);
        if (network) checkAddresses(network, asked);
        else if (asked.network !== DEFAULT_NETWORK) throw noSuchNetwork(asked.network);
        const now = lookAtExisting(container);
        refuseOn(now.record, asked.network);
        noteNetworks(placesOf(container), now, (attachments) => [...attachments, asked]);
      }),
    );
  });
}

/** Takes a container off a network, at once where it is up, else at its next start. Throws Failure. */
export function disconnect(container: Handle, network: string): Promise<void> {
  return changing(container, network, "disconnect", async (shim, found) => {
    if (isUp(found)) return disconnectNow(shim, container, found, network);
    await whileItRests(container, () => {
      const now = lookAtExisting(container);
      if (!isOn(now.record, network)) throw notOn(now.record.name, network);
      noteNetworks(placesOf(container), now, (attachments) => attachments.filter((one) => one.network !== network));
    });
  });
}

async function connectNow(
  shim: Shim,
  container: Handle,
  asked: RequestedAttachment,
  options: ConnectOptions,
): Promise<void> {
  const { root, key } = container;
  await changingNetworks(shim, root, async (held) => {
    const lease = withLinkNames(leaseOf(held, container));
    if (lease.attachments.some(({ network }) => network === asked.network))
      throw alreadyOn(nameOf(lease), asked.network);
    known(shim, root, held, asked.network);
    const before = held.store;
    const taken = { ...takeAttachment(shim, before, asked), link: freeLink(lease) };
    const unfinished = { ...lease, attachments: [...lease.attachments, { ...taken, unfinished: true as const }] };
    held.save({ ...withLease(before, unfinished), last: { ...before.last, [asked.network]: taken.ipv4 } });
    held.write();
    try {
      await plugIn(shim, { container, held, before, lease: unfinished, asked, options });
    } catch (error) {
      // What it can't undo is left to the next command.
      await takeOff(shim, root, held, key, asked.network).catch(() => {});
      throw error;
    }
    held.save(withLease(held.store, { ...lease, attachments: [...lease.attachments, taken] }));
    leaseEvents(root, "connect", { ...lease, attachments: [taken] });
  });
}

interface Plugging {
  readonly container: Handle;
  readonly held: Held;
  /** Without it. */
  readonly before: NetworkStore;
  /** With it, as the last one. */
  readonly lease: Lease;
  readonly asked: RequestedAttachment;
  readonly options: ConnectOptions;
}

async function plugIn(shim: Shim, { container, held, before, lease, asked, options }: Plugging): Promise<void> {
  const { root } = container;
  const places = placesOf(container);
  rewriteHosts(root, held.store, lease);
  rewritePeers(root, held.store, lease);
  // First, so that the container is not on the bridge without them.
  const filter = await keepRules(shim, root, held, before);
  const links = linksOf(shim, held.store, lease);
  const added = links.slice(-1);
  prepareForwarding(added, options.warn);
  for (const drop of foreignDrops(shim, filter, tableName(root), added)) options.warn(drop);
  const process = await noteForMonitor(shim, places, (attachments) => [...attachments, asked], links);
  const { spec, life, remove } = lookAtExisting(container).record;
  const steps = plugSteps(added);
  if (process) observed(() => options.observer?.planned(planOf(steps), preparationsOf(root, held, lease)));
  const isPlugged = process && (await doInside(shim, spec, process, steps, options.observer));
  // One that its monitor, or the next command, starts again gets the link then.
  if (!isPlugged && remove === "at exit") throw notRunning(container.name, "stopped");
  const way = outwardOf(held.store, lease);
  const hadWay = outwardOf(before, { attachments: lease.attachments.slice(0, -1) });
  if (way && !hadWay && life && lease.ports.length > 0) await movePorts(shim, places, lease.ports, way.ipv4);
}

/** Of a process that makes no namespace. */
function planOf(steps: readonly Step[]): Plan {
  return { outside: [], namespaces: 0, steps, guarded: false };
}

/** Those of the network that it is put on. */
function preparationsOf(root: string, { store }: Held, lease: Lease): readonly Preparation[] {
  return networkPreparations(root, store, { ...lease, attachments: lease.attachments.slice(-1), ports: [] });
}

/** The first name that none of its links has. */
function freeLink({ attachments }: Lease): string {
  const names = new Set(attachments.map(({ link }) => link));
  const free = Array.from({ length: attachments.length + 1 }, (_, i) => `eth${i}`).find((name) => !names.has(name));
  return free ?? "";
}

async function disconnectNow(shim: Shim, container: Handle, { record }: Found, network: string): Promise<void> {
  const { root, key } = container;
  await changingNetworks(shim, root, async (held) => {
    const lease = withLinkNames(leaseOf(held, container));
    const attachment = lease.attachments.find((one) => one.network === network);
    if (!attachment) throw notOn(record.name, network);
    if (!record.life && lease.ports.length > 0 && outwardOf(held.store, lease) === attachment)
      throw new Failure(
        `the published ports of the container ${record.name} lead to it through the network ${network}`,
        {
          code: "usage",
          remedy: "run it with -d: then they can go another way",
        },
      );
    const unfinished = lease.attachments.map((one) =>
      one === attachment ? { ...one, unfinished: true as const } : one,
    );
    held.save(withLease(held.store, { ...lease, attachments: unfinished }));
    held.write();
    await takeOff(shim, root, held, key, network);
  });
}

/** What it has of the networks as long as it is up. One that is being started has it before there is a process, whose plan is made then. */
function leaseOf({ store }: Held, container: Handle): Lease {
  const { key, name } = container;
  if (!isUp(lookAtExisting(container))) throw notRunning(name, "being started or ended");
  const lease = leaseFor(store, key);
  if (lease) return lease;
  throw new Failure(`the container ${name} has no network at present: this machine could give it none`, {
    code: "container-not-running",
    remedy: `tinydocker restart ${name}`,
  });
}

/** It may be started and end at any moment. */
const TRIES_MAX = 5;

async function changing(
  container: Handle,
  network: string,
  verb: "connect" | "disconnect",
  work: (shim: Shim, found: Found) => Promise<void>,
): Promise<void> {
  const what = `${verb} the container ${container.name}`;
  for (let tries = 1; ; tries += 1) {
    const found = lookAtExisting(container);
    refuse(found.record, network, verb);
    if (process.geteuid?.() !== 0)
      throw new Failure(`only root can ${what}`, { code: "root-required", remedy: "run tinydocker as root" });
    try {
      return await work(await openShim(), found);
    } catch (error) {
      const isOther = lookAt(container)?.status.state !== found.status.state;
      if (!isOther || tries === TRIES_MAX) throw hostFailure(error, what);
    }
  }
}

const WHY_NOT = {
  none: "it was made with no network (none)",
  host: "it has the machine's own network (host)",
  container: "it has the network of another container",
  user: "without root, its network is only a way out",
} as const;

function refuse({ name, spec }: ContainerRecord, network: string, verb: string): void {
  if (isPredefined(network))
    throw new Failure(
      `a container can't be ${verb}ed ${verb === "connect" ? "to" : "from"} ${network}: it has that from its start, or never`,
      {
        code: "usage",
        remedy: `tinydocker run --network ${network}`,
      },
    );
  const { mode } = spec.network;
  if (mode === "joined") return;
  throw new Failure(`the container ${name} can't be ${verb}ed: ${WHY_NOT[mode]}`, {
    code: "usage",
    remedy: "make it anew with --network NETWORK",
  });
}

function isUp({ status }: Found): boolean {
  return status.state === "running" || status.state === "restarting";
}

function isOn({ spec }: ContainerRecord, network: string): boolean {
  return spec.network.attachments.some((one) => one.network === network);
}

function refuseOn(record: ContainerRecord, network: string): void {
  if (isOn(record, network)) throw alreadyOn(record.name, network);
}

function alreadyOn(name: string, network: string): Failure {
  return new Failure(`the container ${name} is on the network ${network} already`, {
    code: "usage",
    remedy: `to change its address or its names there, first: tinydocker network disconnect ${network} ${name}`,
  });
}

function notOn(name: string, network: string): Failure {
  return new Failure(`the container ${name} is not on the network ${network}`, {
    code: "usage",
    remedy: `tinydocker inspect ${name} shows its networks`,
  });
}

function placesOf({ root, key }: Handle): Places {
  return placesAt(root, key);
}
