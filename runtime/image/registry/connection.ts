import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type RequestOptions } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { certificatesFor } from "./certificates.ts";
import { proxyFor } from "./proxy.ts";

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
      return httpRequest(url, { ...options, agent: plain, ...(proxy && throughProxy(proxy, url, options.headers)) });
    },
    close: () => {
      plain.destroy();
      for (const agent of secure.values()) void agent.then((one) => one.destroy());
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
  return proxy ? Object.assign(agent, { createConnection: tunnelled(proxy, url, connect) }) : agent;
}

type Connected = (error: Error | null, socket?: Socket) => void;

/** A connection to the host through the proxy's CONNECT, then TLS. */
function tunnelled(proxy: URL, url: URL, tlsConnect: typeof import("node:tls").connect) {
  return (options: object, connected: Connected): void => {
    const path = `${url.hostname}:${portOf(url)}`;
    const headers = { host: path, ...proxyAuthorization(proxy) };
    const asked = httpRequest({
      host: proxy.hostname,
      port: portOf(proxy),
      method: "CONNECT",
      path,
      headers,
      agent: false,
    });
    asked.setTimeout(CONNECT_MS_MAX, () => asked.destroy(new Error(`the proxy ${proxy.host} does not answer`)));
    asked.on("error", connected);
    asked.on("connect", ({ statusCode, statusMessage }, socket) => {
      socket.setTimeout(0);
      if (statusCode === 200) return connected(null, tlsConnect({ ...options, socket, servername: url.hostname }));
      socket.destroy();
      connected(new Error(`the proxy ${proxy.host} refuses to connect: ${statusCode} ${statusMessage}`));
    });
    asked.end();
  };
}

const CONNECT_MS_MAX = 30_000;

function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === "https:" ? 443 : 80);
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(user).toString("base64")}` };
}
