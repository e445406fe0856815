import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { abortable } from "../../process/abortable.ts";
import { errnoOf } from "../../process/errno.ts";
import { thisUser } from "../../process/user.ts";
import type { Connected } from "./lane.ts";

/** Gives the turn to the next. */
export type EndTurn = () => void;

/** Two that follow the same saves wait for each other at nearly each of them, but not for long. */
const TOLD_AFTER_MS = 1_000;

/** Several targets may have mirrors of one path. */
type Place = Pick<Connected, "mirror"> & { readonly facts: Pick<Connected["facts"], "boot"> };

/**
 * Waits until no other devtool of this user works on the mirror: rsync deletes what it has no name for, also the files
 * that another rsync is just writing. A mirror has one machine that it belongs to, so the turn is taken there: it is a
 * socket, which ends with its process. `onWait`: called once where that takes longer. Rejects with the signal's reason.
 */
export async function takeTurn(place: Place, onWait: () => void, signal: AbortSignal): Promise<EndTurn> {
  const path = socketPath(place);
  const told = setTimeout(onWait, TOLD_AFTER_MS);
  try {
    for (;;) {
      const endTurn = await listenAt(path);
      if (endTurn !== undefined) return endTurn;
      await turnEnded(path, signal);
    }
  } finally {
    clearTimeout(told);
  }
}

/** On Linux and Windows a name that is gone with its process; elsewhere a file. */
function socketPath({ mirror, facts: { boot } }: Place): string {
  const { uid, username } = thisUser();
  const name = `devtool-${createHash("sha256").update(`${uid} ${username}\0${boot}\0${mirror}`).digest("hex").slice(0, 32)}`;
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

/** undefined if another one listens there. */
async function listenAt(path: string): Promise<EndTurn | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket.unref().on("error", () => {}));
    socket.on("close", () => waiting.delete(socket));
  });
  if (!(await listens(server, path))) return undefined;
  server.unref();
  return () => {
    server.close();
    for (const socket of waiting) socket.destroy();
  };
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => (errnoOf(error) === "EADDRINUSE" ? resolve(false) : reject(error)));
    server.listen(path, () => resolve(true));
  });
}

/** Settles once the one that listens there does not any more. Rejects with the signal's reason. */
async function turnEnded(path: string, signal: AbortSignal): Promise<void> {
  const socket = connect(path);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // A file stays when its process is killed.
  socket.on("error", (error) => {
    if (errnoOf(error) === "ECONNREFUSED" && path.startsWith("/")) rmSync(path, { force: true });
  });
  await abortable(closed, signal).finally(() => socket.destroy());
}
