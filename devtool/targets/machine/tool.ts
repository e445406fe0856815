import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Failure } from "../../failure.ts";
import { errnoOf, errnoWords } from "../../process/errno.ts";
import { eachLine } from "../../process/lines.ts";
import type { ExitStatus } from "../target.ts";

/** Virtual machines that a program of this machine keeps, each by a name. */
export type MachineKind = "lima" | "multipass";

/** A command of devtool's about the machine itself. */
export type MachineVerb = "up" | "halt" | "destroy";

const PROGRAMS: Readonly<Record<MachineKind, string>> = { lima: "limactl", multipass: "multipass" };

const ARGUMENTS: Readonly<Record<MachineKind, Readonly<Record<MachineVerb, readonly string[]>>>> = {
  lima: { up: ["start"], halt: ["stop"], destroy: ["delete"] },
  multipass: { up: ["start"], halt: ["stop"], destroy: ["delete", "--purge"] },
};

const INSTALL: Readonly<Record<MachineKind, string>> = {
  lima: "install it from https://lima-vm.io, or use --target [user@]host",
  multipass: "install it from https://canonical.com/multipass, or use --target [user@]host",
};

/** Runs it on this process's own terminal, unless `onLine` takes what it prints. @throws Failure when it is not installed */
export async function runMachine(
  kind: MachineKind,
  verb: MachineVerb,
  args: readonly string[],
  onLine?: (line: string) => void,
): Promise<ExitStatus> {
  const output = onLine ? "pipe" : "inherit";
  const child = spawn(PROGRAMS[kind], [...ARGUMENTS[kind][verb], ...args], { stdio: ["inherit", output, output] });
  const lines = [child.stdout, child.stderr].map((stream) => stream && onLine && eachLine(stream, onLine));
  const [code, signal] = (await once(child, "exit").catch((error: unknown) => {
    throw notRun(kind, error);
  })) as [number | null, NodeJS.Signals | null];
  await Promise.all(lines);
  return signal === null ? { code: code ?? 1, signal } : { code: null, signal };
}

/** What it prints. @throws Failure where it is not installed, and with its first lines where it fails */
export async function askMachine(kind: MachineKind, name: string, args: readonly string[]): Promise<string> {
  const child = spawn(PROGRAMS[kind], args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close").catch((error: unknown) => {
    throw notRun(kind, error);
  });
  const [[code], printed, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code === 0) return printed;
  throw notRunning(kind, name, errors.trim().split("\n").slice(0, 3).join(" "));
}

export function notRunning(kind: MachineKind, name: string, why: string): Failure {
  return new Failure(`${PROGRAMS[kind]} does not say how to reach the machine ${name}: ${why}`, {
    code: "machine-not-running",
    remedy: `is it there and running? ${PROGRAMS[kind]} list`,
    exitCode: 2,
  });
}

function notRun(kind: MachineKind, error: unknown): Failure {
  const code = errnoOf(error);
  const isMissing = code === "ENOENT";
  const program = PROGRAMS[kind];
  const what = isMissing ? `${program} is not installed` : `can't run ${program}: ${errnoWords(code ?? String(error))}`;
  return new Failure(what, { code: "machine-tool-failed", remedy: INSTALL[kind], exitCode: 2, cause: error });
}
