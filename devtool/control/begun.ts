import type { Socket } from "node:net";
import { Failure } from "../failure.ts";
import type { Report } from "../report/events.ts";
import { startThroughAgent } from "../targets/agent-client/process.ts";
import type { RemoteProcess } from "../targets/target.ts";
import type { Asked } from "./ask.ts";
import { type Answer, readLine } from "./messages.ts";

interface Begun {
  readonly target: string;
  readonly process: RemoteProcess;
}

/**
 * Resolves once the watch has started the command, to undefined where it does not. Aborting the signal ends the command.
 * @throws Failure where the watch says that it can't be started
 */
export async function begun({ socket, words }: Asked, report: Report, signal: AbortSignal): Promise<Begun | undefined> {
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const target = await started(socket, report);
  signal.throwIfAborted();
  if (target === undefined) socket.destroy();
  signal.removeEventListener("abort", stop);
  if (target === undefined) return undefined;
  const command = { argv: words.length > 0 ? words : ["run"], cwd: "/", env: {} };
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
