import type { Socket } from "node:net";
import { ConnectionLost, Failure } from "../failure.ts";
import type { Report } from "../report/events.ts";
import type { RemoteProcess } from "../targets/target.ts";
import { carry } from "./carry.ts";
import { type Answer, type RunRequest, readLine, writeLine } from "./messages.ts";

export interface Started {
  readonly target: string;
  readonly process: RemoteProcess;
  /** To be called when the first of its output has come. */
  readonly onOutput: () => void;
}

/** Starts what is asked for; undefined where this watch is not the one to do it. @throws Failure */
export type StartFor = (request: RunRequest, report: Report, signal: AbortSignal) => Promise<Started | undefined>;

/** Serves one `devtool run` of this `version`, until its command has ended. */
export async function serve(socket: Socket, version: string, startFor: StartFor): Promise<void> {
  const gone = new AbortController();
  socket.on("error", () => {}); // "close" follows
  socket.once("close", () => gone.abort());
  const answer = (message: Answer) => writeLine(socket, message);
  const request = (await readLine(socket)) as RunRequest | undefined;
  // Whoever connects is this user; what is of the same version is as this file writes it.
  if (request?.version !== version) return refuse(socket);
  let isStarted = false;
  const report: Report = (event, { target = null } = {}) => {
    if (!isStarted) answer({ kind: "event", event, target });
  };
  try {
    const started = await startFor(request, report, gone.signal);
    if (started === undefined) return refuse(socket);
    answer({ kind: "started", target: started.target });
    isStarted = true;
    await carry(socket, started.process, started.onOutput);
  } catch (error) {
    if (gone.signal.aborted) return;
    if (!(error instanceof Failure) || error instanceof ConnectionLost) return refuse(socket);
    const { message, code, remedy = null, exitCode, target = null } = error;
    answer({ kind: "failed", failure: { message, code, remedy, exitCode, target } });
    socket.end();
  }
}

function refuse(socket: Socket): void {
  writeLine(socket, { kind: "refused" });
  socket.end();
}
