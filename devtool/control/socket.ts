import { chmodSync, lstatSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { cacheDirectory } from "../process/cache-directory.ts";
import { errnoOf } from "../process/errno.ts";
import { makeDirectory } from "../process/make-directory.ts";

/** unix(7): sun_path, with its end. */
const PATH_BYTES_MAX = 107;

/**
 * Listens for what others ask of the watch of this project until `end`, as OpenSSH's ControlMaster does; where another watch
 * listens, once that has ended.
 */
export async function listenForOthers(
  root: string,
  onConnection: (socket: Socket) => void,
  end: AbortSignal,
): Promise<void> {
  const path = controlPath(root);
  if (end.aborted || path === undefined || !ownFolder(dirname(path))) return;
  const other = await connectTo(path);
  if (other) {
    const takeOver = () => listenForOthers(root, onConnection, end).catch(() => {});
    other.unref().resume().once("close", takeOver);
    return;
  }
  rmSync(path, { force: true }); // it stays when its process is killed
  const server = createServer(onConnection);
  const listens = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false)).listen({ path, signal: end }, () => resolve(true));
  });
  if (!listens) return;
  chmodSync(path, 0o600);
  server.unref();
}

/** A connection to the watch of this project, if there is one of this user. */
export async function connectToWatch(root: string): Promise<Socket | undefined> {
  const path = controlPath(root);
  return path !== undefined && isOwn(dirname(path)) && isOwn(path) ? await connectTo(path) : undefined;
}

/**
 * The folder's number in its file system names it: a hash would take longer than all else that is done to find a watch.
 * undefined where the owner of a socket can't be told, or its path would be too long.
 */
function controlPath(root: string): string | undefined {
  const folder = statSync(root, { throwIfNoEntry: false });
  if (process.platform === "win32" || !folder) return undefined;
  const path = join(cacheDirectory(), "watch", `${folder.dev}-${folder.ino}`);
  return Buffer.byteLength(path) > PATH_BYTES_MAX ? undefined : path;
}

function ownFolder(folder: string): boolean {
  try {
    makeDirectory(folder, 0o700);
    return isOwn(folder);
  } catch {
    return false;
  }
}

/** Whether it is this user's, and no other's to use. */
function isOwn(path: string): boolean {
  try {
    const { uid, mode } = lstatSync(path);
    return uid === process.getuid?.() && (mode & 0o077) === 0;
  } catch {
    return false;
  }
}

/** undefined where nobody listens. */
function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket));
    socket.on("error", (error) => (errnoOf(error) === undefined ? reject(error) : resolve(undefined)));
  });
}
