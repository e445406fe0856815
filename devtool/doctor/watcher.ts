import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PULL_FOLDER } from "../config/project.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";
import type { Check } from "../report/results.ts";
import { listen } from "../watch/listen.ts";
import { isSilent } from "../watch/silent.ts";

/** Editors are waited for less. */
const EVENT_MS_MAX = 2_000;
const CHECK = { where: "here", name: "watcher", needed: false };
const REMEDY = "let devtool look for changes itself: watch: { poll: true } in the configuration";

/** Whether this machine reports a write in the project, and after how long: a file is written, and removed. */
export async function watcherCheck(root: string): Promise<Check> {
  if (isSilent(root)) return { ...CHECK, ok: false, found: "a file system that reports no changes", remedy: REMEDY };
  const folder = join(PULL_FOLDER, String(process.pid)); // neither watched nor sent
  try {
    mkdirSync(join(root, folder), { recursive: true });
    const milliseconds = await eventAfter(root, folder);
    const found = milliseconds === undefined ? "no event" : `an event ${milliseconds.toFixed(1)} ms after the write`;
    return { ...CHECK, ok: milliseconds !== undefined, found, remedy: REMEDY };
  } catch (error) {
    const why = errnoWords(errnoOf(error) ?? String(error));
    return { ...CHECK, ok: false, found: `can't write in the project: ${why}`, remedy: "make it writable" };
  } finally {
    rmSync(join(root, folder), { recursive: true, force: true });
    removeIfEmpty(join(root, PULL_FOLDER));
  }
}

/** undefined: none came. */
async function eventAfter(root: string, folder: string): Promise<number | undefined> {
  let arrived = (_: number | undefined) => {};
  const event = new Promise<number | undefined>((resolve) => {
    arrived = resolve;
  });
  const timer = setTimeout(() => arrived(undefined), EVENT_MS_MAX);
  const listener = listen(
    root,
    folder,
    () => arrived(performance.now()),
    () => arrived(undefined),
  );
  const started = performance.now();
  writeFileSync(join(root, folder, "probe"), "");
  const at = await event;
  clearTimeout(timer);
  listener?.close();
  return at === undefined ? undefined : at - started;
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // a pull is using it
  }
}
