import { BlockList, isIP } from "node:net";
import { Failure } from "../../failure.ts";

/** The proxy that the environment names for a URL, as curl and Go read it; undefined: none. Throws Failure for one of another protocol. */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const name = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const value = env[name] || env[name.toUpperCase()];
  if (!value || isExcepted(url, env["no_proxy"] || env["NO_PROXY"] || "")) return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy && proxy.protocol in PORTS && proxy.hostname !== "") return proxy;
  // Not the whole, which may have a password.
  const where = proxy ? `${proxy.protocol}//${proxy.host}` : "no URL";
  throw new Failure(`can't use the proxy of ${name} or ${name.toUpperCase()}: it is ${where}`, {
    code: "usage",
    remedy: "it has the form http://[USER:PASSWORD@]HOST:PORT, also for https, or that with https or socks5",
  });
}

/** Where a connection is to lead. */
export interface Destination {
  readonly hostname: string;
  readonly port: number;
}

/** Of the protocols that a proxy may speak. */
const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443, "socks5:": 1080, "socks5h:": 1080 };

export function portOf({ port, protocol }: URL): number {
  return Number(port) || (PORTS[protocol] ?? 0);
}

export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(user).toString("base64")}` };
}

/** A loopback address never has a proxy. */
function isExcepted({ hostname, port, protocol }: URL, exceptions: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))) return true;
  const effectivePort = port || (protocol === "https:" ? "443" : "80");
  return exceptions.split(/[,\s]+/).some((exception) => matches(exception.toLowerCase(), host, effectivePort));
}

function matches(exception: string, host: string, port: string): boolean {
  if (exception === "") return false;
  if (exception === "*") return true;
  if (exception.includes("/")) return isInSubnet(host, exception);
  const [, name = "", itsPort] = /^(.*?)(?::(\d+))?$/.exec(isIP(exception) === 6 ? `${exception}` : exception) ?? [];
  if (isIP(exception) === 6) return host === exception;
  if (itsPort !== undefined && itsPort !== port) return false;
  const suffix = name.replace(/^\*?\./, "");
  return host.endsWith(`.${suffix}`) || (host === suffix && !name.startsWith("."));
}

/** `subnet`: ADDRESS/BITS. */
export function isInSubnet(host: string, subnet: string): boolean {
  const [network = "", prefix = ""] = subnet.split("/");
  const family = isIP(network);
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || isIP(host) !== family || !(bits <= (family === 4 ? 32 : 128))) return false;
  const list = new BlockList();
  const kind = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, bits, kind);
  return list.check(host, kind);
}
