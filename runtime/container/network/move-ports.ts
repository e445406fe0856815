import { closeSync, constants, openSync } from "node:fs";
import { openPorts, type Ports } from "../../host/network/proxy/ports.ts";
import { identify } from "../../host/process.ts";
import type { Shim } from "../../host/shim.ts";
import { vethName } from "../../network/link-names.ts";
import type { PublishedPort } from "../../network/network.ts";
import type { Helper } from "../../resources/helper.ts";
import { endProcess } from "../../resources/process.ts";
import { identityOf } from "../../resources/resource.ts";
import { entry } from "../../state/entry.ts";
import { appendLines } from "../../state/journal.ts";
import type { Places } from "../../state/places.ts";
import { find } from "../../state/status.ts";

/** To a process that stays when this one ends. `hold` is called before it passes anything on. */
export async function leavePorts(
  shim: Shim,
  ports: Ports,
  address: string,
  hold: (helper: Helper) => void,
): Promise<void> {
  // Loaded only now: starting programs takes 3 ms to load.
  const { leaveToProxy } = await import("../../host/network/proxy/process.ts");
  leaveToProxy(shim.proxy, { address, link: vethName(address) }, ports.sockets(), (pid) => {
    const identity = identify(pid);
    if (identity) hold({ kind: "helper", ...identity });
  });
  ports.close();
}

/** Lets the published ports of a container that runs in the background lead to another of its addresses, or nowhere. Throws Failure. */
export async function movePorts(
  shim: Shim,
  places: Places,
  ports: readonly PublishedPort[],
  address: string | undefined,
): Promise<void> {
  for (const { resource, boot } of find(places)?.entries ?? [])
    if (resource.kind === "helper") await endProcess(shim, identityOf(resource, boot));
  if (address === undefined) return;
  const opened = await openPorts(ports);
  let left: Helper | undefined;
  try {
    await leavePorts(shim, opened, address, (helper) => {
      left = helper;
      append(places, helper);
    });
  } finally {
    opened.close();
  }
  // Whoever undoes what it has may have read the journal before.
  const state = find(places)?.status.state;
  if (left && state !== "running" && state !== "restarting")
    await endProcess(shim, identityOf(left, entry(left, "exit").boot));
}

/** Its monitor has the journal, and adds to it as well. */
function append({ lock }: Places, helper: Helper): void {
  const fd = openSync(lock, constants.O_WRONLY | constants.O_APPEND);
  try {
    appendLines(fd, [{ entry: entry(helper, "exit") }]);
  } finally {
    closeSync(fd);
  }
}
