import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { recordEvent } from "../events/record.ts";
import { Failure } from "../failure.ts";
import { errnoText, isNowhere } from "../host/errno.ts";
import type { Shim } from "../host/shim.ts";
import { isOneOf, isRecordOf, isText, type Shape } from "../shape.ts";

/** A volume without a name, which was made for one container. */
export interface OwnVolume {
  readonly kind: "volume";
  readonly name: string;
}

export const isOwnVolume: Shape<OwnVolume> = isRecordOf({ kind: isOneOf("volume"), name: isText });

/** Where the records and journals of containers are. */
interface Owner {
  /** The state directory. */
  readonly root: string;
  readonly key: string;
}

/** Unless another container was given it, too: it stays for that one then. Throws Failure. */
export async function removeOwnVolume(shim: Shim, { root, key }: Owner, { name }: OwnVolume): Promise<void> {
  if (isSharedBy(root, key, name)) return;
  recordEvent(root, { type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
  const result = await shim.remove(join(root, "volumes", name));
  if (result < 0)
    throw new Failure(`can't remove the volume ${name}: ${errnoText(-result)}`, { code: "cleanup-failed" });
}

/** Such a name is in no text by chance. */
function isSharedBy(root: string, key: string, name: string): boolean {
  const files = ["records", "locks"].flatMap((directory) =>
    namesIn(join(root, directory)).flatMap((file) => (file === key ? [] : [join(root, directory, file)])),
  );
  return files.some((file) => textOf(file).includes(name));
}

/** Empty where it was removed meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isNowhere(error)) return "";
    throw error;
  }
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
