import { once } from "node:events";
import { type IncomingMessage, request as plainRequest } from "node:http";
import type { Socket } from "node:net";
import { certificatesFor, serverName } from "./certificates.ts";
import { type Destination, portOf, proxyAuthorization } from "./proxy.ts";
import { throughSocks } from "./socks.ts";

/** How long a proxy may say nothing, in milliseconds. */
const SILENCE_MS = 30_000;

/** A connection through a proxy of any protocol. */
export function tunnel(proxy: URL, to: Destination, env: NodeJS.ProcessEnv): Promise<Socket> {
  return proxy.protocol.startsWith("socks") ? throughSocks(proxy, to, SILENCE_MS) : throughHttp(proxy, to, env);
}

/** By its CONNECT. */
async function throughHttp(proxy: URL, { hostname, port }: Destination, env: NodeJS.ProcessEnv): Promise<Socket> {
  const { request, ...options } = proxy.protocol === "https:" ? await secured(proxy, env) : { request: plainRequest };
  const path = `${hostname}:${port}`;
  const headers = { host: path, ...proxyAuthorization(proxy) };
  const [host, agent] = [proxy.hostname, false as const];
  const asked = request({ ...options, host, port: portOf(proxy), method: "CONNECT", path, headers, agent });
  asked.setTimeout(SILENCE_MS, () => asked.destroy(new Error(`the proxy ${proxy.host} does not answer`)));
  asked.end();
  const [{ statusCode, statusMessage }, socket] = (await once(asked, "connect")) as [IncomingMessage, Socket];
  socket.setTimeout(0);
  if (statusCode === 200) return socket;
  socket.destroy();
  throw new Error(`the proxy ${proxy.host} refuses to connect: ${statusCode} ${statusMessage}`);
}

async function secured({ host, hostname }: URL, env: NodeJS.ProcessEnv) {
  const { request } = await import("node:https");
  return { request, servername: serverName(hostname), ...certificatesFor(host, env, true) };
}
