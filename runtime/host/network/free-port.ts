import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** A port of this machine that nobody used a moment ago. */
export async function freePort(protocol: "tcp" | "udp"): Promise<number> {
  const socket = protocol === "tcp" ? createServer() : createSocket("udp4");
  if ("listen" in socket) socket.listen(0);
  else socket.bind(0);
  await once(socket, "listening");
  const address = socket.address();
  socket.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
