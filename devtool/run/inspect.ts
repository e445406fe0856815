import { posix } from "node:path";
import { Failure } from "../failure.ts";
import { containerArguments } from "./container.ts";

/** How a debugger is to reach the program. */
export interface Inspect {
  /** Of this machine's loopback address. */
  readonly port: number;
  /** Of the target's, where the program listens. */
  readonly targetPort: number;
  /** Whether it waits for the debugger before its first line. */
  readonly breaks: boolean;
}

/** Node.js's own, which editors' "attach" uses. */
export const INSPECT_PORT = 9229;

/** tsx passes Node.js's options on. */
const NODES = ["node", "tsx"];
/** What these start gets none of their options, and is not the process that gdbserver would have. */
const STARTERS = "npm npx pnpm yarn sh bash make cargo go tinydocker docker podman".split(" ");

/** Whether Node.js's inspector can be had: the word is Node.js, or passes its option on. */
export function isNode(word: string): boolean {
  return NODES.includes(posix.basename(word));
}

/**
 * The command with what lets a debugger in: Node.js's inspector, or gdbserver for any other program, which it always stops first.
 * @throws Failure, exit code 2, where neither reaches the program
 */
export function inspectable(argv: readonly string[], { targetPort, breaks }: Inspect): string[] {
  const node = argv.findIndex(isNode);
  const from = containerArguments(argv) ?? argv.length;
  const inside = argv.findIndex((word, at) => at >= from && isNode(word));
  if (inside >= 0) return inContainer(argv, inside, from, { targetPort, breaks });
  if (node < 0) refuseStarter(argv);
  if (node < 0) return ["gdbserver", "--once", `127.0.0.1:${targetPort}`, ...argv];
  return argv.toSpliced(node + 1, 0, `--inspect${breaks ? "-brk" : ""}=127.0.0.1:${targetPort}`);
}

function refuseStarter([program = ""]: readonly string[]): void {
  const name = posix.basename(program);
  if (!STARTERS.includes(name)) return;
  throw new Failure(`--inspect does not reach the program that ${name} starts`, {
    code: "usage",
    remedy:
      "name that itself: in the configuration's run, or as devtool run --inspect node FILE; watch takes it likewise",
    exitCode: 2,
  });
}

/** The program listens on every address of the container, whose port only the target's own loopback address has. */
function inContainer(
  argv: readonly string[],
  node: number,
  from: number,
  { targetPort, breaks }: Pick<Inspect, "targetPort" | "breaks">,
): string[] {
  const isOnHost = argv.slice(from, node).some((word, at, words) => isHostNetwork(word, words[at + 1]));
  const host = isOnHost ? "127.0.0.1" : "0.0.0.0";
  const published = isOnHost ? [] : ["-p", `127.0.0.1:${targetPort}:${targetPort}`];
  const withFlag = argv.toSpliced(node + 1, 0, `--inspect${breaks ? "-brk" : ""}=${host}:${targetPort}`);
  return withFlag.toSpliced(from, 0, ...published);
}

function isHostNetwork(word: string, next: string | undefined): boolean {
  return /^--net(work)?=host$/.test(word) || (/^--net(work)?$/.test(word) && next === "host");
}
