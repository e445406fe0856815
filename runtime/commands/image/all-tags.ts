import { Failure } from "../../failure.ts";
import { withoutTag } from "../../image/registry/name-pattern.ts";

/** Throws Failure for a name that says which tag. */
export function checkTakesAllTags(name: string): void {
  if (withoutTag(name) !== name)
    throw new Failure(`--all-tags is for a name without a tag, not ${name}`, { code: "usage" });
}
