import type { Socket } from "node:net";
import { Failure } from "../failure.ts";
import type { Report } from "../report/events.ts";
import { startThroughAgent } from "../targets/agent-client/process.ts";
import type { RemoteProcess } from "../targets/target.ts";
import { type Answer, type RunRequest, readLine, writeLine } from "./messages.ts";
import { connectToWatch } from "./socket.ts";
import { programVersion } from "./version.ts";

interface Begun {
  readonly target: string;
  readonly process: RemoteProcess;
}

/**
 * Has the watch of the project start the command, over its connection; undefined where there is none that does. Aborting
 * `signal` ends the command. @throws Failure where the watch says that it can't be started
 */
export async function askWatch(
  root: string,
  request: Omit<RunRequest, "version">,
  report: Report,
  signal: AbortSignal,
): Promise<Begun | undefined> {
  const socket = await connectToWatch(root);
  if (!socket) return undefined;
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  writeLine(socket, { version: programVersion(), ...request });
  const target = await started(socket, report);
  signal.throwIfAborted();
  if (target === undefined) socket.destroy();
  signal.removeEventListener("abort", stop);
  if (target === undefined) return undefined;
  const command = { argv: request.words.length > 0 ? request.words : ["run"], cwd: "/", env: {} };
  return { target, process: await startThroughAgent(socket, command, target, signal) };
}

/** On which target; undefined where the watch refuses or has ended. */
async function started(socket: Socket, report: Report): Promise<string | undefined> {
  for (;;) {
    const answer = (await readLine(socket)) as Answer | undefined;
    if (answer === undefined || answer.kind === "refused") return undefined;
    if (answer.kind === "started") return answer.target;
    if (answer.kind === "failed") throw failureOf(answer.failure);
    report(answer.event, answer.target === null ? {} : { target: answer.target });
  }
}

function failureOf({ message, remedy, target, ...rest }: (Answer & { kind: "failed" })["failure"]): Failure {
  const failure = new Failure(message, { ...rest, ...(remedy === null ? {} : { remedy }) });
  failure.target = target ?? undefined;
  return failure;
}
