import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { toBytes } from "../../../devtool/paths/bytes.ts";
import { type ChangeSet, Watcher } from "../../../devtool/watch/watch.ts";
import { temporaryDirectory } from "../../rig/host.ts";

/** A project whose folder `src` is watched. */
interface Watched {
  readonly root: string;
  write(path: string, text: string): Promise<void>;
  /** Reads change sets until these paths, which are text, were reported. */
  reported(...paths: string[]): Promise<void>;
  /** The next one, whatever it is: bytes. */
  next(): Promise<ChangeSet["paths"]>;
  readonly add: Watcher["add"];
}

export async function watched(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  poll?: boolean,
): Promise<Watched> {
  const root = await temporaryDirectory(t);
  const write = async (path: string, text: string) => {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  const waiting: ChangeSet[] = [];
  let wake = () => {};
  let failure: Error | undefined;
  const watcher = new Watcher({
    root,
    relevance: { matters: (path) => !path.endsWith(".ignored"), prunes: (path) => path.endsWith("node_modules") },
    poll,
    onChange: (changes) => {
      waiting.push(changes);
      wake();
    },
    onError: (error) => {
      failure = error;
      wake();
    },
  });
  t.after(() => watcher.close());
  await watcher.add(["src"]);
  const next = async () => {
    for (;;) {
      if (failure) throw failure;
      const changes = waiting.shift();
      if (changes) return changes.paths;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const reported = async (...paths: string[]) => {
    const missing = new Set(paths.map(toBytes));
    while (missing.size > 0) for (const path of (await next()) ?? paths) missing.delete(path);
  };
  return { root, write, reported, next, add: (folders, since) => watcher.add(folders, since) };
}
