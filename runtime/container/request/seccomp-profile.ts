import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";
import type { Profile } from "../../seccomp/profile.ts";
import { profileOf } from "../../seccomp/read-profile.ts";

/** Reads and checks the file that --security-opt seccomp= names; a relative path starts at `cwd`. Throws Failure. */
export function readProfile(file: string, cwd = "/"): Profile {
  return profileOf(contentOf(file, cwd), file);
}

/** docker's own has 17 kB. */
const PROFILE_BYTES_MAX = 1 << 20;

function contentOf(file: string, cwd: string): string {
  try {
    const fd = openSync(resolve(cwd, file), "r");
    try {
      return textIn(fd, file);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { errno } = error as NodeJS.ErrnoException;
    throw refused(file, errnoText(-(errno ?? 0)), error);
  }
}

/** It may be a pipe, or a device that never ends. */
function textIn(fd: number, file: string): string {
  const bytes = Buffer.alloc(PROFILE_BYTES_MAX + 1);
  let length = 0;
  for (let got = -1; got !== 0; length += got) got = readSync(fd, bytes, length, bytes.length - length, null);
  if (length > PROFILE_BYTES_MAX) throw refused(file, `it has more than ${PROFILE_BYTES_MAX} bytes`);
  return bytes.toString("utf8", 0, length);
}

function refused(file: string, why: string, cause?: unknown): Failure {
  return new Failure(`can't read the seccomp profile ${file}: ${why}`, {
    code: "usage",
    remedy: "give the path of a profile in docker's JSON format, or unconfined",
    cause,
  });
}
