import { untyped, type Verbs } from "../verbs/verb.ts";
import { importVerb } from "./import.ts";
import { loadVerb } from "./load.ts";
import { pullVerb } from "./pull.ts";
import { pushVerb } from "./push.ts";
import { saveVerb } from "./save.ts";

/** What brings images here or takes them elsewhere, in the order of the help. */
export const IMAGE_TRANSFERS = {
  pull: untyped(pullVerb),
  push: untyped(pushVerb),
  load: untyped(loadVerb),
  import: untyped(importVerb),
  save: untyped(saveVerb),
} satisfies Verbs;
