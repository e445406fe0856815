import { resolve } from "node:path";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { openShim } from "../host/shim.ts";
import { renameLease } from "../resources/lease.ts";
import { checkedName } from "../spec/name.ts";
import { begin, claimWaiting, refuseKept, release } from "../state/claim.ts";
import { moveName } from "../state/names.ts";
import { placesOf } from "../state/places.ts";
import { stateRoot } from "../state/root.ts";
import { find, findExisting } from "../state/status.ts";
import { hostFailure } from "./failure/diagnose.ts";

/** Gives a container another name, whether it runs or not; the other containers of its networks know it by that from now on. Throws Failure. */
export async function rename(old: string, name: string): Promise<void> {
  checkedName("container", name);
  const root = resolve(stateRoot());
  const places = placesOf(root, old);
  const { record } = findExisting(places, old);
  if (old === name) throw new Failure(`the container has the name ${name} already`, { code: "usage" });
  try {
    const shim = await openShim();
    const held = await claimWaiting(shim, root, name);
    try {
      refuseKept(held);
      begin(held, []);
      containerEvent(root, "rename", { ...record, name }, { oldName: `/${old}` });
      if (!(await moveName(shim, root, old, name, () => find(placesOf(root, old)) !== undefined)))
        findExisting(placesOf(root, old), old);
    } finally {
      await release(shim, held);
    }
    await renameLease(shim, root, places.key, name);
  } catch (error) {
    throw hostFailure(error);
  }
}
