import { connect, createServer, type Server, type Socket } from "node:net";

/** Of one published port; more wait in the kernel's queue. */
const CONNECTIONS_MAX = 4096;

/** Passes each connection on to `target` once it is known; until then they wait. */
export function tcpProxy(address: string, port: number, target: () => { host: string; port: number }): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => passOn(client, target()));
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, ipv6Only: address === "::" }, () => {
      server.off("error", reject);
      // A connection that could not be accepted, as for lack of descriptors, is lost; the others are not.
      server.on("error", () => {});
      resolve(server);
    });
  });
}

function passOn(client: Socket, target: { host: string; port: number }): void {
  const container = connect({ ...target, allowHalfOpen: true });
  joined(client, container);
  joined(container, client);
}

/** Each direction ends by itself; an error ends both. */
function joined(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.resetAndDestroy());
  from.on("close", () => to.destroySoon());
}
