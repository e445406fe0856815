import type { Socket } from "node:net";
import { dataHeader, type StreamName } from "./messages.ts";

/** Writes what `encode` would return, without a copy of the data: that takes a tenth of the time for much of it. */
export function writeData(socket: Socket, stream: StreamName, data: Buffer): void {
  if (!socket.writable) return;
  socket.cork();
  socket.write(dataHeader(stream, data.length));
  socket.write(data);
  socket.uncork();
}
