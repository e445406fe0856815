import { connect } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";
import { RELAY } from "../protocol/hello.ts";
import { Relay } from "../protocol/relay.ts";

/**
 * Once the client writes to the agent's stdin, connections to its sockets come over stdin and stdout: for a client that
 * can forward none. The line that says so is the last one; the client has waited for the others.
 */
export function relayOnDemand(token: string, input: Readable, out: Writable): void {
  input.once("data", (first: Buffer) => {
    out.write(`${token} ${RELAY}\n`);
    const relay = new Relay(out, connectTo);
    const receive = (chunk: Buffer) => {
      try {
        relay.receive(chunk);
      } catch (error) {
        input.destroy(error instanceof Error ? error : undefined); // which ends the agent
      }
    };
    receive(first);
    input.on("data", receive);
  });
}

function connectTo(connection: Duplex, path: string): void {
  const socket = connect(path);
  connection.on("error", () => {}).once("close", () => socket.destroy());
  socket
    .on("error", () => {})
    .once("close", () => {
      if (!connection.writableEnded) connection.destroy(); // else its last bytes are on their way
    });
  connection.pipe(socket).pipe(connection);
}
