import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import type { Event, EventLine } from "../../devtool/report/events.ts";
import { built } from "../rig/built.ts";
import { temporaryDirectory } from "../rig/host.ts";

/** The missing ones of these programs, for needs(). */
export function lacks(...programs: readonly string[]): string | undefined {
  const missing = programs.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
  return missing.length === 0 ? undefined : missing.join(", ");
}

/** A project of the test's own: a bundle that prints its word and what its native program prints. */
export interface Project {
  readonly root: string;
  /** $HOME of devtool and of a local target. */
  readonly home: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
}

const FILES = {
  "devtool.config.ts": `export default {
  bundle: { entryPoints: { main: "src/main.ts" } },
  native: { folder: "native" },
  run: ["node", "--enable-source-maps", ".devtool/main.js"],
};\n`,
  "package.json": '{ "type": "module" }',
  "src/main.ts": `import { execFileSync } from "node:child_process";
import { word } from "./word.ts";
process.stdout.write(word + " " + execFileSync("native/build/hello", { encoding: "utf8" }));
if (process.argv[2] === "wait") setInterval(() => {}, 1000);\n`,
  "src/word.ts": 'export const word: string = "one";\n',
  "native/Makefile": "build/hello: hello.c\n\t@mkdir -p build\n\tgcc -Wall -o $@ hello.c\n",
  "native/hello.c": '#include <stdio.h>\n\nint main(void) {\n\tputs("c1");\n\treturn 0;\n}\n',
  "native/.gitignore": "build/\n",
};

/** Of a test: ends each devtool that it has started. */
const running = new WeakMap<TestContext, (() => Promise<void>)[]>();

/** Before the test's folders are removed, which a devtool that still watches them would notice. */
function endFirst(t: TestContext): void {
  const ends: (() => Promise<void>)[] = [];
  running.set(t, ends);
  t.after(() => Promise.all(ends.map((end) => end())));
}

/** Ends what a test has started: before the folders of its project are removed, if it has one. */
export function afterTest(t: TestContext, end: () => Promise<void>): void {
  const ends = running.get(t);
  if (ends) ends.push(end);
  else t.after(end);
}

export async function makeProject(t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<Project> {
  if (!running.has(t)) endFirst(t);
  const directory = await temporaryDirectory(t);
  const project = { root: join(directory, "project"), home: join(directory, "home") };
  let saves = 0;
  const write = async (written: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(written)) {
      const file = join(project.root, path);
      await mkdir(dirname(file), { recursive: true });
      // As most editors save: a new file, renamed over the old one. Beside it, it might be noticed before that.
      const temporary = join(directory, `saved-${saves++}`);
      await writeFile(temporary, text);
      await rename(temporary, file);
    }
  };
  await mkdir(project.home, { recursive: true });
  await write({ ...FILES, ...files });
  return { ...project, write };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Devtool {
  readonly child: ChildProcess;
  /** With --json: resolves to the next event of this kind, of this target if one is named; rejects if devtool ends before it. */
  next<K extends Event["event"]>(kind: K, target?: string): Promise<Extract<EventLine, { event: K }>>;
  /** Every line of standard output so far. */
  readonly lines: readonly string[];
  readonly ended: Promise<Ended>;
}

/** Its words, as its own process. */
export const DEVTOOL: readonly [string, string] = [process.execPath, join(await built(), "dist/devtool.cjs")];

/** The program itself, as its own process, in the project. */
export function startDevtool(
  t: TestContext,
  project: Pick<Project, "root" | "home">,
  args: readonly string[],
  env: Record<string, string> = {},
): Devtool {
  const child = spawn(DEVTOOL[0], [DEVTOOL[1], ...args], {
    cwd: project.root,
    env: { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache"), ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {}); // it may end before it has read all
  const ended = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString(),
  }));
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  };
  afterTest(t, end);
  const lines: string[] = [];
  const next = args.includes("--json") ? eventsOf(child, lines, ended) : () => Promise.reject(new Error("no --json"));
  return { child, next: next as Devtool["next"], lines, ended };
}

function eventsOf(
  child: ChildProcess,
  lines: string[],
  ended: Promise<Ended>,
): (kind: string, target?: string) => Promise<EventLine> {
  let waiting: EventLine[] = [];
  let wake = () => {};
  if (!child.stdout) throw new Error("no stdout");
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    waiting.push(JSON.parse(line) as EventLine);
    wake();
  });
  return async (kind, target) => {
    const isOf = (line: EventLine) => target === undefined || line.target === target;
    for (;;) {
      const at = waiting.findIndex((line) => line.event === kind && isOf(line));
      const found = waiting[at];
      if (found) {
        waiting = waiting.filter((line, index) => index > at || !isOf(line));
        return found;
      }
      const over = await Promise.race([
        new Promise<undefined>((resolve) => {
          wake = () => resolve(undefined);
        }),
        ended,
      ]);
      if (over && !waiting.some((line) => line.event === kind && isOf(line))) {
        throw new Error(
          `devtool ended (${over.code ?? over.signal}) before "${kind}":\n${lines.join("\n")}\n${over.stderr}`,
        );
      }
    }
  };
}
