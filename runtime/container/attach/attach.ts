import { closeSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { containerEvent } from "../../events/container.ts";
import { Failure } from "../../failure.ts";
import { type ExitStatus, parseExit } from "../../state/exit.ts";
import { placesOf } from "../../state/places.ts";
import { findExisting } from "../../state/status.ts";
import { endFrame, FRAME, frameReader, inputFrames, resizeFrame } from "./frame.ts";

/** A connection to the monitor of a detached container. */
export interface Attachment {
  /** How the container ended; undefined when the connection ended before: this side closed it, or read too slowly. */
  readonly ended: Promise<ExitStatus | undefined>;
  input(bytes: Buffer): void;
  resize(rows: number, columns: number): void;
  /** Of the container's input. */
  end(): void;
  close(): void;
}

/** sun_path of unix(7), without its NUL. */
const SOCKET_PATH_BYTES_MAX = 107;

type Print = (stream: "stdout" | "stderr", bytes: Buffer) => void;

/** Connects to a container that runs. `print` gets what it prints from then on. Throws Failure. */
export async function attachTo(root: string, name: string, print: Print): Promise<Attachment> {
  const { monitor, status } = findExisting(placesOf(root, name), name);
  if (status.state !== "running") {
    throw new Failure(`the container ${name} is not running: it is ${status.state}`, { code: "container-not-running" });
  }
  if (!monitor) {
    throw new Failure(`the container ${name} belongs to the tinydocker run that started it`, {
      code: "container-not-running",
      remedy: `tinydocker exec -it ${name} sh starts a shell in it`,
    });
  }
  return attachToMonitor(root, name, print);
}

/** The same, whatever the container does: it may have ended before its monitor has read what it printed. */
export async function attachToMonitor(root: string, name: string, print: Print): Promise<Attachment> {
  const places = placesOf(root, name);
  const socket = await connected(places.monitor, name);
  containerEvent(root, "attach", findExisting(places, name).record);
  return attachment(socket, name, print);
}

async function connected(directory: string, name: string): Promise<Socket> {
  const path = `${directory}/attach`;
  const isLong = Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX;
  let fd = -1;
  try {
    if (isLong) fd = openSync(directory, "r");
    const socket = connect(isLong ? `/proc/self/fd/${fd}/attach` : path);
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return socket;
  } catch (cause) {
    throw new Failure(`the monitor of the container ${name} does not answer`, {
      code: "container-not-running",
      remedy: `tinydocker ps -a shows whether it has ended just now`,
      cause,
    });
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

function attachment(socket: Socket, name: string, print: Print): Attachment {
  const read = frameReader();
  let status: ExitStatus | undefined;
  const ended = new Promise<ExitStatus | undefined>((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const { kind, bytes } of read(chunk)) {
          if (kind === FRAME.full) throw tooMany(name);
          if (kind === FRAME.exit) status = parseExit(bytes.toString());
          else print(kind === FRAME.stdout ? "stdout" : "stderr", bytes);
        }
      } catch (error) {
        reject(error);
        socket.destroy();
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(status));
  });
  return {
    ended,
    input: (bytes) => void socket.write(inputFrames(bytes)),
    resize: (rows, columns) => void socket.write(resizeFrame(rows, columns)),
    end: () => void socket.write(endFrame()),
    close: () => socket.destroy(),
  };
}

/** CLIENTS_MAX of native/monitor/attach.c. */
const ATTACHED_MAX = 16;

function tooMany(name: string): Failure {
  return new Failure(`${ATTACHED_MAX} others are attached to the container ${name}, and no more can be`, {
    code: "limit-reached",
    remedy: `end one of them; tinydocker logs -f ${name} shows what it prints`,
  });
}

/** The connection ended before the container, and not by this side's will. */
export function tooSlow(): Failure {
  return new Failure(
    "the connection to the container ended: its output came faster than it was read here, or its monitor ended",
    {
      code: "container-not-running",
      remedy: "tinydocker logs has all of it; tinydocker attach connects again",
    },
  );
}
