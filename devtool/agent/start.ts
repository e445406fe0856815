import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, statSync } from "node:fs";
import type { AgentMessage, ClientMessage } from "../protocol/messages.ts";
import type { PipeSource, StandardPipes } from "./pipes.ts";

export type Request = ClientMessage & { readonly type: "request" };
export type Started =
  | { readonly child: ChildProcess; readonly pid: number; readonly pipes: StandardPipes }
  | { readonly failed: AgentMessage & { readonly type: "failed" } };

/** Starts the process in a process group of its own, so that signals reach all of it. */
export async function start(request: Request, source: PipeSource): Promise<Started> {
  let pipes: StandardPipes;
  try {
    pipes = await source.take();
  } catch (error) {
    return { failed: { type: "failed", step: "exec", errno: errnoOf(error) } };
  }
  try {
    const { argv, cwd } = request;
    const env = { ...process.env, ...request.env };
    const [file = "", ...args] = argv;
    const child = spawn(file, args, { cwd, env, detached: true, stdio: [...pipes.childFds] });
    await once(child, "spawn");
    return { child, pid: child.pid ?? 0, pipes };
  } catch (error) {
    for (const stream of [pipes.stdin, pipes.stdout, pipes.stderr]) stream.destroy();
    return { failed: { type: "failed", ...whyNotStarted(error, request.cwd) } };
  } finally {
    for (const fd of pipes.childFds) closeSync(fd);
  }
}

/** spawn reports ENOENT for a missing directory and for a missing command alike. */
function whyNotStarted(error: unknown, cwd: string): { step: "chdir" | "exec"; errno: string } {
  try {
    if (!statSync(cwd).isDirectory()) return { step: "chdir", errno: "ENOTDIR" };
  } catch (cause) {
    return { step: "chdir", errno: errnoOf(cause) };
  }
  return { step: "exec", errno: errnoOf(error) };
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}
