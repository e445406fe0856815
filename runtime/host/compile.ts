import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { type Artefacts, artefactsIn, isThere, SOURCES } from "./native.ts";

const TOOLS_REMEDY = "apt-get install gcc make libc6-dev (or your distribution's names for them)";

/** Returns what was compiled into the user's cache, and compiles it if it isn't compiled yet. Throws Failure when that fails. */
export function cachedOrCompiled(): Artefacts {
  const cached = artefactsIn(cacheDirectory());
  return isThere(cached) ? cached : compile();
}

/** Compiles what make finds out of date, when what was found is of another version. Throws Failure. */
export function compile(): Artefacts {
  const build = join(SOURCES, "build");
  const out = isWritable(existsSync(build) ? build : SOURCES) ? build : cacheDirectory();
  // LC_ALL: editors parse the compiler's untranslated messages.
  const made = spawnSync("make", ["-s", "-C", SOURCES, `OUT=${out}`], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8", MAKEFLAGS: "" },
  });
  if (made.error) {
    throw new Failure(
      `make, which compiles tinydocker's native part at first use, can't be started: ${made.error.message}`,
      {
        code: "native-build-failed",
        remedy: TOOLS_REMEDY,
      },
    );
  }
  if (made.status === 0) return artefactsIn(out);
  const missing = spawnSync("gcc", ["--version"]).error !== undefined && process.env["CC"] === undefined;
  const what = missing
    ? "gcc, which compiles tinydocker's native part at first use, is not installed"
    : "tinydocker's native part does not compile";
  throw new Failure(`${what}:\n${made.stderr.trim()}`, { code: "native-build-failed", remedy: TOOLS_REMEDY });
}

/** Named by a hash of the sources, so that it never contains another version. */
function cacheDirectory(): string {
  const hash = createHash("sha256").update(process.arch);
  const names = readdirSync(SOURCES).filter((name) => /(\.[ch]|^Makefile)$/.test(name));
  for (const name of names.sort()) hash.update(`${name}\0`).update(readFileSync(join(SOURCES, name)));
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(cache, "tinydocker", `native-${hash.digest("hex").slice(0, 12)}`);
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
