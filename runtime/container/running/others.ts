import { closeSync } from "node:fs";
import { Failure } from "../../failure.ts";
import type { ProcessIdentity } from "../../host/process.ts";
import type { Shim } from "../../host/shim.ts";
import type { NetworkFacts } from "../../plan/host-facts.ts";
import { hostsPath } from "../../resources/hosts-file.ts";
import { joinedBy, type Others } from "../../spec/sharing.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import { handleOf, nameOf } from "../../state/containers.ts";
import { placesOf } from "../../state/places.ts";
import { findExisting } from "../../state/status.ts";
import { readInside } from "./read-inside.ts";
import { openRootOf, openRunning } from "./running.ts";

/** A container whose namespaces another one is to have, as long as it starts. */
export interface OpenOther {
  readonly id: string;
  readonly name: string;
  readonly spec: ContainerSpec;
  readonly process: ProcessIdentity;
  readonly pidfd: number;
}

/** Looks up the containers that a request names. Throws Failure for one that does not exist. */
export function findOthers(root: string, written: readonly string[]): Others {
  return new Map(
    written.map((one) => {
      const name = nameOf(root, one);
      const { id, spec } = findExisting(placesOf(root, name), name).record;
      return [one, { id, hostname: spec.hostname, shareableIpc: spec.linux.shareableIpc === true }];
    }),
  );
}

/** Throws Failure for one that does not run. */
export async function openOthers(shim: Shim, root: string, { linux }: ContainerSpec): Promise<OpenOther[]> {
  const opened: OpenOther[] = [];
  try {
    for (const id of joinedBy(linux)) opened.push(await openOther(shim, root, id));
    return opened;
  } catch (error) {
    closeOthers(shim, opened);
    throw error;
  }
}

export function closeOthers(shim: Shim, others: readonly OpenOther[]): void {
  for (const { pidfd } of others) shim.close(pidfd);
}

async function openOther(shim: Shim, root: string, id: string): Promise<OpenOther> {
  const container = handleOf(root, id);
  const { name } = container;
  try {
    const { record, process, pidfd } = await openRunning(shim, container);
    return { id, name, spec: record.spec, process, pidfd };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "container-not-running") throw error;
    throw new Failure(`${error.message}, and only one that runs can be joined`, {
      code: error.code,
      remedy: `tinydocker start ${name}`,
    });
  }
}

/** The network of another container, with its own names in /etc/hosts and /etc/resolv.conf. */
export function otherNetwork(
  shim: Shim,
  root: string,
  { linux }: ContainerSpec,
  others: readonly OpenOther[],
): NetworkFacts {
  const network = linux.namespaces.find(({ type }) => type === "network");
  const other = others.find(({ id }) => id === network?.container);
  if (!other) throw new Failure("the container whose network is joined was not opened", { code: "internal" });
  const hosts =
    other.spec.network.mode === "joined" ? { hostsFile: hostsPath(root, placesOf(root, other.name).key) } : {};
  const top = openRootOf(other.name, other.process);
  try {
    const read = (path: string) => readInside(shim, `/proc/self/fd/${top}`, path);
    return { hosts: read("etc/hosts"), resolvConf: read("etc/resolv.conf"), ...hosts, links: [] };
  } finally {
    closeSync(top);
  }
}
