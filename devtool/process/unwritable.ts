import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "./errno.ts";

/** What is thrown where the project can't be written: the same error where it is not the system's. `name`: as it is shown. */
export function unwritable(name: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  return new Failure(`can't write ${name} here: ${errnoWords(errno)}`, {
    code: "project-unwritable",
    remedy: "check who may write to it and to its folder, and that the disk is not full",
    cause: error,
  });
}
