import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";
import type { EventLine } from "../../devtool/report/events.ts";
import { type Devtool, type Project, startDevtool } from "../devtool/rig.ts";
import { type Scope, temporaryDirectory } from "../rig/host.ts";
import type { Sshd } from "../rig/sshd.ts";

export const EXAMPLES = join(import.meta.dirname, "../../examples");

/** What someone who tried the example may have left in it. */
const MADE = new Set(["node_modules", ".devtool"]);

/** A copy of an example that a test may edit; gone after the test. */
export type Example = Pick<Project, "root" | "home">;

export async function copyExample(scope: Scope, name: string): Promise<Example> {
  const directory = await temporaryDirectory(scope);
  const example = { root: join(directory, name), home: join(directory, "home") };
  await mkdir(example.home);
  const filter = (path: string) => !MADE.has(basename(path));
  await cp(join(EXAMPLES, name), example.root, { recursive: true, filter });
  return example;
}

/** Replaces `word`, which the file has. */
export async function edit({ root }: Example, file: string, word: string, replacement: string): Promise<void> {
  const text = await readFile(join(root, file), "utf8");
  if (!text.includes(word)) throw new Error(`${file} has no ${word}`);
  await writeFile(join(root, file), text.replace(word, replacement));
}

/** `devtool run` in the example, on the target that sshd is. */
export function startRun(t: TestContext, example: Example, sshd: Sshd, args: readonly string[]): Devtool {
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  return startDevtool(t, example, ["run", ...flags, ...args]);
}

export interface Round {
  readonly output: string;
  /** Number of files whose content was sent. */
  readonly sent: number | undefined;
  readonly compiled: boolean | undefined;
}

/** What a run did, by its events. */
export function roundOf(lines: readonly string[]): Round {
  const events = lines.map((line) => JSON.parse(line) as EventLine);
  const output = events.map((event) => (event.event === "output" && "data" in event ? event.data : "")).join("");
  const synced = events.find((event) => event.event === "synced");
  const compiled = events.find((event) => event.event === "compiled");
  return { output, sent: synced?.files, compiled: compiled?.compiled };
}
