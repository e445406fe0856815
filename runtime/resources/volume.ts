import { join } from "node:path";
import { recordEvent } from "../events/record.ts";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import type { Shim } from "../host/shim.ts";
import { isOneOf, isRecordOf, isText, type Shape } from "../shape.ts";

/** A volume without a name, of one container alone. */
export interface OwnVolume {
  readonly kind: "volume";
  readonly name: string;
}

export const isOwnVolume: Shape<OwnVolume> = isRecordOf({ kind: isOneOf("volume"), name: isText });

/** `root`: the state directory. Throws Failure. */
export async function removeOwnVolume(shim: Shim, root: string, { name }: OwnVolume): Promise<void> {
  recordEvent(root, { type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
  const result = await shim.remove(join(root, "volumes", name));
  if (result < 0)
    throw new Failure(`can't remove the volume ${name}: ${errnoText(-result)}`, { code: "cleanup-failed" });
}
