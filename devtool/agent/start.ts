import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, statSync } from "node:fs";
import { startErrno } from "../process/start-errno.ts";
import type { AgentMessage, Command } from "../protocol/messages.ts";
import type { PipeSource, StandardPipes } from "./pipes.ts";

/** A process, and how it ends. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly pipes: StandardPipes;
  readonly exited: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}
export type Started = Running | { readonly failed: AgentMessage & { readonly type: "failed" } };

/** Starts the process in a process group of its own, so that signals reach all of it. */
export async function start(command: Command, source: PipeSource): Promise<Started> {
  let pipes: StandardPipes;
  try {
    pipes = await source.take();
  } catch (error) {
    return { failed: { type: "failed", step: "exec", errno: errnoOf(error) } };
  }
  try {
    const { argv, cwd } = command;
    const [file = "", ...args] = argv;
    const options = { cwd, env: environmentOf(command), detached: true, stdio: [...pipes.childFds] };
    return await started(() => spawn(file, args, options), pipes);
  } catch (error) {
    return { failed: { type: "failed", ...whyNotStarted(error, command) } };
  }
}

export function environmentOf({ env }: Command): NodeJS.ProcessEnv {
  return { ...process.env, ...env };
}

/** Resolves once it runs; its ends of the pipes are closed here. @throws the error of spawn */
export async function started(spawned: () => ChildProcess, pipes: StandardPipes): Promise<Running> {
  try {
    const child = spawned();
    const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
    exited.catch(() => {}); // the same error as the next
    await once(child, "spawn");
    return { child, pid: child.pid ?? 0, pipes, exited };
  } catch (error) {
    release(pipes);
    throw error;
  } finally {
    for (const fd of pipes.childFds) closeSync(fd);
  }
}

/** Closes this side of the pipes. */
export function release(pipes: StandardPipes): void {
  for (const stream of [pipes.stdin, pipes.stdout, pipes.stderr]) stream.destroy();
}

/** spawn reports ENOENT for a missing directory and for a missing command alike. */
function whyNotStarted(error: unknown, { argv: [file = ""], cwd }: Command): { step: "chdir" | "exec"; errno: string } {
  try {
    if (!statSync(cwd).isDirectory()) return { step: "chdir", errno: "ENOTDIR" };
  } catch (cause) {
    return { step: "chdir", errno: errnoOf(cause) };
  }
  return { step: "exec", errno: startErrno(errnoOf(error), file, cwd) };
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}
