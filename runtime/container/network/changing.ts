import { openShim, type Shim } from "../../host/shim.ts";
import type { Networks } from "../../network/network.ts";
import type { NetworkStore } from "../../state/network-files.ts";
import { type Held, readNetworks, withNetworks } from "../../state/network-store.ts";

/** The same as withNetworks(), once what a killed command left half-done is undone. */
export function changingNetworks<T>(shim: Shim, root: string, work: (held: Held) => Promise<T>): Promise<T> {
  return withNetworks(shim, root, async (held) => {
    if (hasUnfinished(held.store)) {
      // Hardly ever there, and then the rest of what it takes is loaded.
      const { settle } = await import("./take-off.ts");
      await settle(shim, root, held);
    }
    return work(held);
  });
}

/** What there is now; what a killed command left half-done is undone first, so that it is true. */
export async function settledNetworks(root: string): Promise<NetworkStore> {
  if (hasUnfinished(readNetworks(root))) await changingNetworks(await openShim(), root, async () => {});
  return readNetworks(root);
}

function hasUnfinished({ leases }: Networks): boolean {
  return leases.some(({ attachments }) => attachments.some(({ unfinished }) => unfinished));
}
