import { untyped, type Verbs } from "../verbs/verb.ts";
import { historyVerb } from "./history.ts";
import { imageListVerb } from "./list.ts";
import { imageInspectVerb, imagePruneVerb, imageRemoveVerb, tagVerb } from "./stored-images.ts";

/** Of images that are here, in the order of the help. */
export const IMAGE_VERBS = {
  ls: untyped(imageListVerb),
  rm: untyped(imageRemoveVerb),
  inspect: untyped(imageInspectVerb),
  history: untyped(historyVerb),
  tag: untyped(tagVerb),
  prune: untyped(imagePruneVerb),
} satisfies Verbs;
