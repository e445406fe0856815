import { readFileSync } from "node:fs";
import { homeFolder, thisUser } from "../process/user.ts";
import type { HostFacts } from "../protocol/hello.ts";

export function hostFacts(): HostFacts {
  const { username, uid } = thisUser();
  return {
    home: homeFolder(),
    user: username,
    uid,
    platform: process.platform,
    arch: process.arch,
    libc: libc(),
    node: process.version,
  };
}

/** The libc that this Node.js is linked to. process.report has it too, but takes tens of milliseconds. */
function libc(): HostFacts["libc"] {
  return readFileSync("/proc/self/maps", "latin1").includes("/ld-musl-") ? "musl" : "glibc";
}
