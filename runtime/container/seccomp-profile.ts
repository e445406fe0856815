import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import type { Profile } from "../seccomp/profile.ts";
import { profileOf } from "../seccomp/read-profile.ts";

/** Reads and checks the file that --security-opt seccomp= names; a relative path starts at `cwd`. Throws Failure. */
export function readProfile(file: string, cwd = "/"): Profile {
  return profileOf(contentOf(file, cwd), file);
}

function contentOf(file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    throw new Failure(`can't read the seccomp profile ${file}: ${errnoText(-(errno ?? 0))}`, {
      code: "usage",
      remedy: "give the path of a profile in docker's JSON format, or unconfined",
      cause: error,
    });
  }
}
