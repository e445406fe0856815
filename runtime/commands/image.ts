import { removeImage } from "../image/remove.ts";
import { stateRoot } from "../state/root.ts";
import { codeOfEach } from "./each-name.ts";
import { historyVerb } from "./history.ts";
import { imageListVerb } from "./image-list.ts";
import { someOf } from "./operands.ts";
import { imageInspectVerb, imagePruneVerb, tagVerb } from "./stored-images.ts";
import { untyped, type Verbs, verb } from "./verbs/verb.ts";

const removeVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Remove images that no container uses",
  options: { force: { type: "boolean", short: "f", describe: "none that is missing is an error" } },
  run: async ({ force = false }, rest) => {
    const remove = (name: string) => removeImage(stateRoot(), name);
    return codeOfEach(someOf(rest, "the name of the image"), remove, force ? "image-not-found" : undefined);
  },
});

/** Of images that are here, in the order of the help. */
export const IMAGE_VERBS = {
  ls: untyped(imageListVerb),
  rm: untyped(removeVerb),
  inspect: untyped(imageInspectVerb),
  history: untyped(historyVerb),
  tag: untyped(tagVerb),
  prune: untyped(imagePruneVerb),
} satisfies Verbs;
