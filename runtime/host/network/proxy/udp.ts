import { createSocket, type RemoteInfo, type Socket } from "node:dgram";

/** Of one published port; a datagram of a further client is dropped, as a full network would. */
const CLIENTS_MAX = 1024;
/** A client that was silent as long is forgotten. */
const SILENCE_MS = 60_000;

/** Passes each client's datagrams on to `target`, and the answers back. */
export function udpProxy(address: string, port: number, target: () => { host: string; port: number }): Promise<Socket> {
  const isIpv6 = address.includes(":");
  const server = createSocket({ type: isIpv6 ? "udp6" : "udp4", ipv6Only: isIpv6 });
  const clients = new Map<string, Client>();
  server.on("message", (data, from) => {
    const key = `${from.address} ${from.port}`;
    const client = clients.get(key) ?? newClient(server, clients, key, from);
    client?.send(data, target());
  });
  server.on("close", () => {
    for (const client of clients.values()) client.close();
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.bind({ address, port, exclusive: true }, () => {
      server.off("error", reject);
      // A datagram that can't be sent is lost, as any may be.
      server.on("error", () => {});
      resolve(server);
    });
  });
}

interface Client {
  send(data: Uint8Array, to: { host: string; port: number }): void;
  close(): void;
}

function newClient(server: Socket, clients: Map<string, Client>, key: string, from: RemoteInfo): Client | undefined {
  if (clients.size >= CLIENTS_MAX) return undefined;
  const socket = createSocket("udp4");
  socket.on("error", () => {});
  const close = () => {
    clearTimeout(silence);
    if (clients.delete(key)) socket.close();
  };
  const silence = setTimeout(close, SILENCE_MS);
  socket.on("message", (data) => {
    silence.refresh();
    server.send(data, from.port, from.address);
  });
  const client: Client = {
    send(data, { host, port }) {
      silence.refresh();
      socket.send(data, port, host);
    },
    close,
  };
  clients.set(key, client);
  return client;
}
