import type { Socket } from "node:net";
import { type RunRequest, writeLine } from "./messages.ts";
import { connectToWatch } from "./socket.ts";
import { programVersion } from "./version.ts";

/** A request that the watch of a project has. */
export interface Asked {
  readonly socket: Socket;
  readonly words: readonly string[];
  /** When, as a time of performance.now(). */
  readonly at: number;
}

/** Asks the watch of the project to start a command, over its connection; undefined where there is none. */
export async function askWatch(root: string, request: Omit<RunRequest, "version" | "age">): Promise<Asked | undefined> {
  const socket = await connectToWatch(root);
  if (!socket) return undefined;
  const at = process.uptime() * 1000; // the first use of `performance` loads ten modules of Node.js
  writeLine(socket, { version: programVersion(), ...request, age: at });
  return { socket, words: request.words, at };
}
