import { mkdirSync } from "node:fs";
import { openShim } from "../host/shim.ts";
import { noContainer } from "../spec/name.ts";
import { claimAgain, release } from "../state/claim.ts";
import type { Handle } from "../state/handle.ts";

/** Changes a container that does not run, which nobody starts or removes meanwhile; what is changed is written in its directory. */
export async function whileItRests(container: Handle, change: () => void | Promise<void>): Promise<void> {
  const shim = await openShim();
  const held = await claimAgain(shim, container);
  if (!held) throw noContainer(container.name);
  try {
    // One that was never started has none.
    mkdirSync(held.places.monitor, { recursive: true, mode: 0o700 });
    await change();
  } finally {
    await release(shim, held);
  }
}
