import { fstatSync, statSync } from "node:fs";
import { devNull } from "node:os";
import { Readable } from "node:stream";
import { ReadStream } from "node:tty";
import type { Call } from "../command-line/command.ts";
import { outputEvents } from "../report/output.ts";
import { mayDecorate } from "../report/screen.ts";
import { prefixed } from "../run/prefixed.ts";
import type { Stdio } from "../run/stream.ts";

/** Told apart on light and dark backgrounds: cyan, magenta, green, yellow, blue. */
const COLORS = [36, 35, 32, 33, 34];

/** One of several programs that share this process's output: without input, its lines behind its target's name. */
export function sharedStdio(call: Call, target: string, all: readonly string[]): Stdio {
  if (call.options.format === "json") return stdioFor(call, false);
  const width = Math.max(...all.map((name) => name.length));
  const color = COLORS[all.indexOf(target) % COLORS.length];
  const label = `${target.padEnd(width)} |`;
  const open = (name: "stdout" | "stderr") =>
    prefixed(call.screen[name], mayDecorate(process[name]) ? `\x1b[${color}m${label}\x1b[0m ` : `${label} `);
  const [stdout, stderr] = [open("stdout"), open("stderr")];
  const finish = () => void [stdout, stderr].map((stream) => stream.end());
  return { stdin: undefined, stdout, stderr, finish };
}

/**
 * Connects a command to this process's own streams, or with --format json its output to events. Without `hasInput` its input
 * is empty.
 */
export function stdioFor({ options, report, screen }: Call, hasInput: boolean): Stdio {
  const { stdout } = process;
  const stdin = hasInput ? standardInput() : undefined;
  if (options.format === "json") {
    const [out, err] = [outputEvents("stdout", report), outputEvents("stderr", report)];
    const finish = () => void [out, err].map((stream) => stream.end());
    return { stdin, stdout: out, stderr: err, finish };
  }
  const finish = () => {};
  if (!(stdin instanceof ReadStream) || !stdout.isTTY)
    return { stdin, stdout: screen.stdout, stderr: screen.stderr, passed: screen.passed, finish };
  return { stdin, stdout, stderr: process.stderr, giveTerminal: () => screen.giveTerminal(stdin), finish };
}

/** Of /dev/null nothing is opened: Node.js would start four threads to read it. */
function standardInput(): Readable {
  return isNullDevice(0) ? new Readable({ read: endAtOnce }) : process.stdin;
}

function endAtOnce(this: Readable): void {
  this.push(null);
}

function isNullDevice(fd: number): boolean {
  if (process.platform === "win32") return false;
  const { rdev } = fstatSync(fd);
  return rdev !== 0 && rdev === statSync(devNull).rdev;
}
