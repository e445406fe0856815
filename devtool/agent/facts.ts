import { readFileSync } from "node:fs";
import { firstFolder, thisUser } from "../process/user.ts";
import type { HostFacts } from "../protocol/hello.ts";

export function hostFacts(): HostFacts {
  const { username, uid } = thisUser();
  return {
    home: firstFolder(),
    user: username,
    uid,
    platform: process.platform,
    arch: process.arch,
    ...libraries(),
    node: process.version,
  };
}

/** What this Node.js is linked to. process.report has it too, but takes tens of milliseconds. */
function libraries(): Pick<HostFacts, "libc" | "libstdcxx"> {
  const loaded = readFileSync("/proc/self/maps", "latin1");
  // libstdc++.so.6.0.30 has the symbols up to GLIBCXX_3.4.30.
  const libstdcxx = /\/libstdc\+\+\.so\.6\.0\.(\d+)$/m.exec(loaded)?.[1];
  return {
    libc: loaded.includes("/ld-musl-") ? "musl" : "glibc",
    ...(libstdcxx === undefined ? {} : { libstdcxx: `3.4.${libstdcxx}` }),
  };
}
