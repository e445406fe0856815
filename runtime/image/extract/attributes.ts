import { type Attribute, setAttribute } from "../../host/attributes.ts";
import { openShim } from "../../host/shim.ts";

/**
 * File capabilities, and what users set for themselves. The others are of the machine that they come from: labels of
 * SELinux, and marks of overlayfs, by which a layer would show files that are not its own.
 */
const PORTABLE = /^(?:security\.capability|user\.(?!overlay\.).*)$/s;

export function isPortable({ name }: Attribute): boolean {
  return PORTABLE.test(name);
}

/** Returns whether all are set; on a file whose owner and content are final, because a change of these takes some away. */
export async function setAttributes(path: Buffer, attributes: readonly Attribute[]): Promise<boolean> {
  const portable = attributes.filter(isPortable);
  if (portable.length === 0) return attributes.length === 0;
  const shim = await openShim().catch(() => undefined);
  const failed = portable.filter((attribute) => !shim || setAttribute(shim, path, attribute) !== 0);
  return failed.length === 0 && portable.length === attributes.length;
}
