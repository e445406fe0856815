import { posix } from "node:path";

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

/** The command with what lets a debugger in: Node.js's inspector, or gdbserver for any other program, which it always stops first. */
export function inspectable(argv: readonly string[], { targetPort, breaks }: Inspect): string[] {
  const node = argv.findIndex((word) => posix.basename(word) === "node");
  if (node < 0) return ["gdbserver", "--once", `127.0.0.1:${targetPort}`, ...argv];
  return argv.toSpliced(node + 1, 0, `--inspect${breaks ? "-brk" : ""}=127.0.0.1:${targetPort}`);
}
