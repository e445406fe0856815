import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { devtoolArgv } from "../test/rig/project.ts";
import type { Parts } from "./rounds.ts";
import type { Scope } from "./scope.ts";

/** One line of devtool's --json. */
interface Line {
  readonly event: string;
  /** Milliseconds since the save was noticed. */
  readonly at: number;
  readonly target: string | null;
  readonly mirror?: string;
}

export interface Watching {
  /** The lines from the last one that was asked for up to the next of this event. */
  until(event: string): Promise<Line[]>;
}

/** devtool watch, until the end of the benchmark. */
export function startWatch(args: readonly string[], cwd: string, scope: Scope): Watching {
  const [node = "", ...rest] = devtoolArgv(["watch", "--json", ...args]);
  const child = spawn(node, rest, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  scope.after(async () => {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const until = async (event: string) => {
    for (const found: Line[] = []; ; ) {
      const { value, done } = await lines.next();
      if (done) throw new Error("devtool watch ended");
      const line = JSON.parse(value);
      if (line.event === "failed") throw new Error(`devtool watch: ${line.message}`);
      found.push(line);
      if (line.event === event) return found;
    }
  };
  return { until };
}

/** What ends with an event. */
const ENDS: Readonly<Record<string, string>> = {
  changed: "settle",
  bundled: "bundle",
  synced: "sync",
  compiled: "compile",
  started: "launch",
  responded: "first output",
};

/** Where the time from a save to the last of these lines went: `milliseconds` in all. */
export function partsOf(lines: readonly Line[], milliseconds: number): Parts {
  const last = lines.at(-1);
  const parts: Record<string, number> = { notice: milliseconds - (last?.at ?? 0) };
  let before = 0;
  for (const { event, at, target } of lines) {
    const part = ENDS[event];
    if (part === undefined || (target !== null && target !== last?.target)) continue;
    parts[part] = (parts[part] ?? 0) + at - before;
    before = at;
  }
  return parts;
}
