import { imageEvent } from "../../events/image.ts";
import { Failure } from "../../failure.ts";
import { familiarName, fullName, isSameRepository, parseReference, type Reference } from "../registry/reference.ts";
import { systemFailure } from "../system-failure.ts";
import { beginName, type NamedImage } from "./names.ts";
import { existingStored } from "./stored-image.ts";

/** Gives an image another name, which another image may lose. Throws Failure for what can't be a name, and for no image. */
export function tagStored(root: string, name: string, other: string): void {
  const reference = parseReference(other);
  if (reference.digest !== undefined)
    throw new Failure(`${other} has a digest, which no one can choose`, { code: "name-invalid", remedy: "give a tag" });
  const image = existingStored(root, name);
  try {
    imageEvent(root, "tag", familiarName(reference));
    const naming = beginName(root, namedAs(reference, image.named));
    try {
      naming.publish();
    } finally {
      naming.drop();
    }
  } catch (error) {
    throw systemFailure(`can't tag the image ${name}`, root, "state-unwritable", error);
  }
}

/** Another repository has the manifest alone, once it is pushed there. */
function namedAs(reference: Reference, { name, manifest, index }: NamedImage): NamedImage {
  const isSame = isSameRepository(parseReference(name), reference);
  const since = new Date().toISOString();
  return { name: fullName(reference), manifest, since, ...(isSame && index !== undefined ? { index } : {}) };
}
