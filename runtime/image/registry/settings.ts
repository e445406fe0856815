import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { isListOf, isRecordOf, isText, parseJson } from "../../shape.ts";
import { isInSubnet } from "./proxy.ts";
import { DOCKER_HUB } from "./reference.ts";

/** What a file says about registries, in the words of docker's daemon.json. */
export interface RegistrySettings {
  /** Base URLs, asked before docker.io. */
  readonly mirrors: readonly string[];
  /** HOST[:PORT] of those that may be reached by plain HTTP, or whose certificate need not be valid; or a subnet of such. */
  readonly insecure: readonly string[];
}

/** Who configures a registry may write the port that its URL does not say, as it is that of https. */
export function writtenHosts(host: string): string[] {
  return /:\d+$/.test(host) ? [host] : [host, `${host}:443`];
}

/** Whether the certificate of a URL's HOST[:PORT] need not be valid. */
export function isInsecure(host: string, { insecure }: Pick<RegistrySettings, "insecure">): boolean {
  const address = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return (
    writtenHosts(host).some((written) => insecure.includes(written)) ||
    insecure.some((written) => isInSubnet(address, written))
  );
}

/** Where a registry can be asked. */
export interface Endpoint {
  /** Ends without a slash. */
  readonly url: string;
  /** By which credentials are stored. */
  readonly domain: string;
  readonly insecure: boolean;
}

const FILE = "registries.json";
const isSettings = isRecordOf({}, { "registry-mirrors": isListOf(isText), "insecure-registries": isListOf(isText) });
/** The registry behind the name docker.io. */
const DOCKER_HUB_HOST = "registry-1.docker.io";

/** The caller's own file, else that of the machine; nothing where there is none. Throws Failure for one that is not valid. */
export function registrySettings(env: NodeJS.ProcessEnv): RegistrySettings {
  const config = env["XDG_CONFIG_HOME"] || join(env["HOME"] || "/", ".config");
  for (const path of [join(config, "tinydocker", FILE), join("/etc/tinydocker", FILE)]) {
    const text = textOf(path);
    if (text !== undefined) return checked(path, parseJson(text));
  }
  return { mirrors: [], insecure: [] };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Failure(`can't read ${path}: ${message}`, { code: "usage", cause: error });
  }
}

function checked(path: string, settings: unknown): RegistrySettings {
  if (!isSettings(settings))
    throw new Failure(`${path} is not valid`, {
      code: "usage",
      remedy: 'it has the form {"registry-mirrors": ["https://HOST"], "insecure-registries": ["HOST:PORT"]}',
    });
  const { "registry-mirrors": mirrors = [], "insecure-registries": insecure = [] } = settings;
  const bad = mirrors.find((url) => !/^https?:\/\/[^/?#\s]+[^?#\s]*$/.test(url) || !URL.canParse(url));
  if (bad !== undefined)
    throw new Failure(`${path}: the mirror ${JSON.stringify(bad)} is not the URL of a registry`, { code: "usage" });
  return {
    mirrors: mirrors.map((url) => url.replace(/\/+$/, "")),
    // As docker, which warns of it.
    insecure: insecure.map((host) => host.replace(/^https?:\/\//, "")),
  };
}

/** In the order in which they are asked. An insecure one may turn out to speak plain HTTP only. */
export function endpointsOf(domain: string, settings: RegistrySettings): Endpoint[] {
  const host = domain === DOCKER_HUB ? DOCKER_HUB_HOST : domain;
  const secure = { url: `https://${host}`, domain, insecure: isInsecure(domain, settings) };
  const plain = { ...secure, url: `http://${host}` };
  const own = !secure.insecure ? [secure] : isLoopback(host) ? [plain, secure] : [secure, plain];
  const asked = domain === DOCKER_HUB ? settings.mirrors.map((url) => mirror(url, settings)) : [];
  return [...asked, ...own];
}

/** Nobody listens in on it, and making the first TLS connection of a process takes as long as a pull of what is there. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
}

function mirror(url: string, settings: RegistrySettings): Endpoint {
  const { host } = new URL(url);
  if (url.startsWith("http:") && !isInsecure(host, settings))
    throw new Failure(`the mirror ${url} is not encrypted`, {
      code: "usage",
      remedy: `name ${host} in "insecure-registries" too, or use https`,
    });
  return { url, domain: host, insecure: isInsecure(host, settings) };
}
