import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type RequestOptions } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { certificatesFor, serverName } from "./certificates.ts";
import { type Destination, portOf, proxyAuthorization, proxyFor } from "./proxy.ts";

/** Connections to registries, used again for the next request to the same host. */
export interface Connections {
  /** A request that is not ended yet. */
  open(url: URL, options: { method: string; headers: Readonly<Record<string, string>> }): Promise<ClientRequest>;
  close(): void;
}

/**
 * Of a connection, so much is read before what was read is used: with Node.js's 64 KiB, a busy process leaves more in the
 * kernel, which is lost when it is killed.
 */
const KEPT = { keepAlive: true, highWaterMark: 1 << 20 };

/** `isInsecure`: whether the certificate of a HOST[:PORT] need not be valid. */
export function openConnections(env: NodeJS.ProcessEnv, isInsecure: (host: string) => boolean): Connections {
  const plain = new HttpAgent(KEPT);
  let through: HttpAgent | undefined;
  const secure = new Map<string, Promise<HttpsAgent>>();
  const secureFor = (url: URL) => {
    const agent = secure.get(url.host) ?? secureAgent(url, env, !isInsecure(url.host));
    secure.set(url.host, agent);
    return agent;
  };
  return {
    open: async (url, options) => {
      // Loaded only now, which takes as long as a plain request.
      if (url.protocol === "https:") {
        const { request } = await import("node:https");
        return request(url, { ...options, agent: await secureFor(url) });
      }
      const proxy = proxyFor(url, env);
      if (proxy === undefined || proxy.protocol === "http:")
        return httpRequest(url, { ...options, agent: plain, ...(proxy && throughProxy(proxy, url, options.headers)) });
      through ??= tunnelAgent(proxy, env);
      return httpRequest(url, { ...options, agent: through });
    },
    close: () => {
      // Most programs have ended by then: to close a socket, Node.js makes process.stderr, which takes longer than to ask a registry.
      setImmediate(() => {
        plain.destroy();
        through?.destroy();
        for (const agent of secure.values()) void agent.then((one) => one.destroy());
      });
    },
  };
}

function throughProxy(proxy: URL, url: URL, headers: Readonly<Record<string, string>>): RequestOptions {
  const asked = { host: url.host, ...headers, ...proxyAuthorization(proxy) };
  return { host: proxy.hostname, port: portOf(proxy), path: url.href, headers: asked };
}

async function secureAgent(url: URL, env: NodeJS.ProcessEnv, rejectUnauthorized: boolean): Promise<HttpsAgent> {
  const { Agent } = await import("node:https");
  const { connect } = await import("node:tls");
  const certificates = certificatesFor(url.host, env, rejectUnauthorized);
  const agent = new Agent({ ...KEPT, rejectUnauthorized, ...certificates });
  const proxy = proxyFor(url, env);
  return proxy ? Object.assign(agent, { createConnection: tunnelled(proxy, url, env, connect) }) : agent;
}

type Connected = (error: Error | null, socket?: Socket) => void;

/** TLS on a connection that leads to the host. */
function tunnelled(proxy: URL, url: URL, env: NodeJS.ProcessEnv, tlsConnect: typeof import("node:tls").connect) {
  return (options: object, connected: Connected): void => {
    const servername = serverName(url.hostname);
    opened(proxy, { hostname: url.hostname, port: portOf(url) }, env)
      .then((socket) => connected(null, tlsConnect({ ...options, socket, servername })))
      .catch(connected);
  };
}

/** For requests by plain HTTP through a proxy by TLS or SOCKS: they go through a tunnel, as those by TLS do. */
function tunnelAgent(proxy: URL, env: NodeJS.ProcessEnv): HttpAgent {
  const createConnection = ({ host, port }: RequestOptions, connected: Connected): void => {
    opened(proxy, { hostname: host ?? "", port: Number(port) }, env)
      .then((socket) => connected(null, socket))
      .catch(connected);
  };
  return Object.assign(new HttpAgent(KEPT), { createConnection });
}

async function opened(proxy: URL, to: Destination, env: NodeJS.ProcessEnv): Promise<Socket> {
  const { tunnel } = await import("./tunnel.ts");
  return tunnel(proxy, to, env);
}
