import { Failure } from "../../../failure.ts";
import type { PublishedPort } from "../../../network/network.ts";
import { portText } from "../../../network/publish.ts";
import { userOfPort } from "../port-user.ts";
import type { PublishedSocket } from "./process.ts";

/** Sockets on this machine that keep the published ports for a container, and pass on what the kernel's rules do not. */
export interface Ports {
  /** The container's address; before it is known, nothing is passed on. */
  leadTo(address: string): void;
  /** The sockets, for a process that is to have them in place of this one. */
  sockets(): readonly PublishedSocket[];
  close(): void;
}

/**
 * Opens a socket at each of the ports. The rules see most packets first; what comes to 127.0.0.1, and over IPv6, comes here.
 * Throws Failure for a port that is in use, with none open.
 */
export async function openPorts(ports: readonly PublishedPort[]): Promise<Ports> {
  let address = "0.0.0.0";
  const opened = await Promise.allSettled(
    ports.flatMap((port) =>
      addressesOf(port).map(async (at) => {
        const socket = await open(port, at, () => ({ host: address, port: port.container }));
        return socket && { socket, port };
      }),
    ),
  );
  const sockets = opened.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
  // Once each: a process that left them to the proxy has closed them before the container's network ends, which dgram refuses.
  const close = () => {
    for (const { socket } of sockets.splice(0)) socket.close();
  };
  const failed = opened.find((one) => one.status === "rejected");
  if (failed) {
    close();
    throw failed.reason;
  }
  return {
    leadTo(known) {
      address = known;
    },
    sockets: () => sockets.map(({ socket, port }) => ({ fd: descriptorOf(socket), port })),
    close,
  };
}

/** Node.js has no name for it; without one, as in a Node.js that has changed this, the start fails. */
function descriptorOf(socket: object): number {
  const handle = handleOf(socket as { readonly _handle?: { readonly fd?: number } });
  if (handle?.fd !== undefined && handle.fd >= 0) return handle.fd;
  throw new Failure("this Node.js does not say which descriptor a socket has", { code: "internal" });
}

/** Of dgram's, Node.js warns who reads it. */
function handleOf<T>(socket: { readonly _handle?: T }): T | undefined {
  const before = process.noDeprecation ?? false;
  process.noDeprecation = true;
  try {
    return socket._handle;
  } finally {
    process.noDeprecation = before;
  }
}

function addressesOf({ address }: PublishedPort): string[] {
  return address === undefined ? ["0.0.0.0", "::"] : [address];
}

/** Loaded only now: most containers publish no port, and Node.js's sockets take 4 ms to load. */
const PROXIES = {
  tcp: once(() => import("./tcp.ts").then(({ tcpProxy }) => tcpProxy)),
  udp: once(() => import("./udp.ts").then(({ udpProxy }) => udpProxy)),
};

/** An import takes its time also where it is of what is loaded. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}

async function open(port: PublishedPort, at: string, target: () => { host: string; port: number }) {
  try {
    return await (await PROXIES[port.protocol]())(at, port.host, target);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // The machine has no IPv6.
    if (at === "::" && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL")) return undefined;
    throw notOpened(port, code, error);
  }
}

function notOpened(port: PublishedPort, code: string, cause: unknown): Failure {
  const text = portText(port);
  switch (code) {
    case "EADDRINUSE": {
      const user = userOfPort(port.protocol, port.host);
      return new Failure(`the port ${text} of this machine is in use${user ? ` by ${user}` : ""}`, {
        code: "port-in-use",
        remedy: `publish another one, or end what uses it: ss -lnp 'sport = :${port.host}'`,
        cause,
      });
    }
    case "EADDRNOTAVAIL":
      return new Failure(`can't publish ${text}: ${port.address} is not an address of this machine`, {
        code: "usage",
        remedy: "ip address shows those it has",
        cause,
      });
    default:
      return new Failure(`can't publish ${text}: ${code || String(cause)}`, {
        code: code === "EMFILE" || code === "ENFILE" ? "limit-reached" : "network-refused",
        cause,
      });
  }
}
