import { Failure } from "../../failure.ts";
import type { Greeting } from "../agent-client/greeting.ts";
import type { TargetFacts } from "../target.ts";

/** What the start script found on a target. */
export interface Place {
  readonly facts: TargetFacts;
  /** The PATH that processes have. */
  readonly path: string;
}

/** uname -m → process.arch, where they differ. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "x64",
  aarch64: "arm64",
  armv6l: "arm",
  armv7l: "arm",
  i386: "ia32",
  i686: "ia32",
  ppc64le: "ppc64",
};

/** @throws Failure where the script said nothing, as where the login shell is no shell */
export function placeOf({ found, said }: Pick<Greeting, "found" | "said">, where: string): Place {
  const [uid, system = "", machine = "", libc, user = ""] = found.get("machine")?.split(" ") ?? [];
  const [home, path, cache] = ["home", "path", "cache"].map((word) => found.get(word));
  if (uid === undefined || home === undefined || path === undefined) {
    const why = said === "" ? "its login shell did not start devtool's" : `it said: ${said}`;
    throw new Failure(`${where} runs no shell commands: ${why}`, {
      code: "agent-failed",
      remedy: "see what comes of one: ssh HOST /bin/sh -c true",
      exitCode: 2,
    });
  }
  const arch = ARCHITECTURES[machine] ?? machine;
  const facts = {
    home,
    user,
    uid: Number(uid),
    platform: system.toLowerCase(),
    arch,
    libc: libc === "musl" ? libc : "glibc",
    node: found.get("node") ?? null,
  } as const;
  const boot = found.get("boot") ?? "";
  const glibc = found.get("glibc");
  const version = glibc === undefined ? {} : { glibc };
  return {
    facts: { ...facts, ...version, cache: cache || `${home}/.cache/devtool`, boot, isNew: found.has("new") },
    path,
  };
}

/** Whether it is where the start script goes when the home can't be written. */
export function isTemporary(cache: string): boolean {
  return /^\/(?:var\/)?tmp\/devtool-\d+$/.test(cache);
}
