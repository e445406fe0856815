import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import type { Made, Source } from "../../bundle/addons/compiled.ts";
import { BUILD_STAMPS } from "../../config/project.ts";
import { Failure } from "../../failure.ts";
import { createFilter } from "../../ignore/filter.ts";
import { eachLine } from "../../process/lines.ts";
import { sync } from "../../sync/sync.ts";
import { capture } from "../../targets/capture.ts";
import type { OpenLane } from "../lane/lane.ts";

type Place = Pick<OpenLane, "lane" | "connection" | "mirror" | "rsync" | "report">;

/**
 * Runs a package's install script on the target, as npm does, in a folder beside the mirror's files that is gone afterwards.
 * Returns the files that it made or downloaded, without what a compiler makes on the way. @throws Failure
 */
export async function compileAddon(source: Source, place: Place, signal: AbortSignal): Promise<readonly Made[]> {
  const { connection, mirror, rsync, report, lane } = place;
  const what = `${source.name}@${source.version}`;
  report({ event: "notice", text: `${what} has no binary for ${lane.target}: it is installed there, once` });
  const folder = posix.join(mirror, BUILD_STAMPS, "addon");
  const staging = await mkdtemp(join(tmpdir(), "devtool-addon."));
  try {
    await stage(source, staging);
    await sync(connection, { root: staging, mirror: folder, rsync, filter: ALL_FILES }, signal);
    await install(source.name, what, folder, place, signal);
    return await madeIn(folder, source, place);
  } finally {
    await rm(staging, { recursive: true, force: true });
    await capture(place.connection, ["rm", "-rf", "--", folder]).catch(() => {}); // the next one replaces what is left
  }
}

const ALL_FILES = createFilter({ exclude: ["!node_modules"] });

async function stage({ name, version, files }: Source, staging: string): Promise<void> {
  // npm runs no install script that is not allowed, from some version on.
  const manifest = { private: true, dependencies: { [name]: version }, allowScripts: { [name]: true } };
  await writeFile(join(staging, "package.json"), JSON.stringify(manifest));
  for (const [path, file] of files) {
    await mkdir(dirname(join(staging, path)), { recursive: true });
    await copyFile(file, join(staging, path));
  }
}

/** First the programs that install scripts call. node-gyp downloads Node.js's headers unless they are where most packages have them. */
const INSTALL = `node=$(readlink -f "$(command -v node)") && prefix=\${node%/bin/*}
[ -e "$prefix/include/node/node.h" ] && export npm_config_nodedir="$prefix"
npm rebuild --ignore-scripts --global=false >/dev/null 2>&1
exec npm rebuild "$1" --foreground-scripts --ignore-scripts=false --global=false --no-update-notifier 2>&1`;

async function install(name: string, what: string, folder: string, place: Place, signal: AbortSignal): Promise<void> {
  const { connection, report, lane } = place;
  const npm = await connection.exec(["sh", "-c", INSTALL, "sh", name], { cwd: folder, signal });
  npm.stdin.end();
  npm.stderr.resume();
  const [status] = await Promise.all([
    npm.exited,
    eachLine(npm.stdout, (line) => report({ event: "log", text: line })),
  ]);
  signal.throwIfAborted();
  if (status.code === 0) return;
  const { stdout } = await capture(connection, ["sh", "-c", MISSING]);
  const missing = stdout.toString().split("\n").filter(Boolean);
  if (missing.length === 0)
    throw new Failure(`${what} can't be installed on ${lane.target}; npm's output is above`, {
      code: "build-failed",
      remedy:
        "mend there what it names: usually a library or header that is not installed, or a network that it can't reach",
    });
  throw new Failure(`${lane.target} has no ${missing.join(", ")}, to compile ${what} with`, {
    code: "tool-missing",
    remedy: `install it there, on Debian and Ubuntu: apt-get install ${missing.join(" ")}`,
  });
}

const MISSING = 'for tool in npm python3 make g++; do command -v "$tool" >/dev/null || echo "$tool"; done';

const FIND = "find . -path ./node_modules -prune -o -type f";
const ON_THE_WAY = /^build\/(?!.*\.(node|so(\.\d+)*)$)|\/(obj\.target|\.deps)\//;

async function madeIn(folder: string, { name, files }: Source, { connection }: Place): Promise<Made[]> {
  const home = `node_modules/${name}`;
  const find = async (test: string) => {
    const argv = ["sh", "-c", `cd "$1" && ${FIND} ${test} -print`, "sh", posix.join(folder, home)];
    const { stdout } = await capture(connection, argv);
    const paths = stdout.toString().split("\n").filter(Boolean);
    return paths.map((path) => posix.normalize(path));
  };
  const executable = new Set(await find("-perm -100"));
  const fresh = (await find("")).filter((path) => !files.has(`${home}/${path}`) && !ON_THE_WAY.test(path));
  const made = fresh.map(async (path) => ({
    path,
    content: (await capture(connection, ["cat", "--", posix.join(folder, home, path)])).stdout,
    isExecutable: executable.has(path),
  }));
  return await Promise.all(made);
}
