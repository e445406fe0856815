import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { isMapOf, isRecordOf, isText, parseWithoutNulls, type Shaped } from "../../shape.ts";
import type { Patience } from "./credential-helper.ts";
import type { Credentials } from "./credentials.ts";
import { DOCKER_HUB, type Reference } from "./reference.ts";

const isEntry = isRecordOf({}, { auth: isText, username: isText, password: isText, identitytoken: isText });
const isAuthFile = isRecordOf({}, { auths: isMapOf(isEntry), credHelpers: isMapOf(isText), credsStore: isText });
export type AuthFile = Shaped<typeof isAuthFile>;

/** docker keeps docker.io's under this key. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";
export const DOCKER_HUB_HOSTS: readonly string[] = ["index.docker.io", "registry-1.docker.io"];

/** Podman's files first, then docker's, as podman reads them. */
export function authFiles(env: NodeJS.ProcessEnv): string[] {
  const home = env["HOME"] || "/";
  const named = env["REGISTRY_AUTH_FILE"];
  if (named) return [named];
  const podman = [env["XDG_RUNTIME_DIR"], env["XDG_CONFIG_HOME"] || join(home, ".config")];
  return [
    ...podman.filter((directory) => directory).map((directory) => join(directory ?? "", "containers/auth.json")),
    join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json"),
  ];
}

/** Undefined: the caller has none. Throws Failure for a file that is not valid, and where a helper fails. */
export async function credentialsFor(
  reference: Pick<Reference, "domain" | "path">,
  env: NodeJS.ProcessEnv,
  patience: Patience = {},
): Promise<Credentials | undefined> {
  for (const path of authFiles(env)) {
    const file = readAuthFile(path);
    const found = file && (await credentialsIn(file, reference, path, env, patience));
    if (found) return found;
  }
  return undefined;
}

/** Undefined: there is none. Throws Failure for one that is not valid. */
export function readAuthFile(path: string): AuthFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Failure(`can't read ${path}: ${message}`, { code: "usage", cause: error });
  }
  const file = parseWithoutNulls(text);
  if (isAuthFile(file)) return file;
  throw new Failure(`${path} is not a file of credentials`, { code: "usage", remedy: "repair it, or log in again" });
}

async function credentialsIn(
  content: AuthFile,
  { domain, path }: Pick<Reference, "domain" | "path">,
  file: string,
  env: NodeJS.ProcessEnv,
  patience: Patience,
): Promise<Credentials | undefined> {
  const helper = helperOf(content, domain);
  if (helper !== undefined) {
    const { askHelper, isNotInstalled } = await import("./credential-helper.ts");
    const found = await askHelper(helper, serverOf(domain), env, patience).catch((error: unknown) => {
      // That of all registries is not needed for all: docker and podman go on, also with a file from another machine.
      if (helper === content.credsStore && isNotInstalled(error)) return undefined;
      throw error;
    });
    if (found) return found;
  }
  const { auths = {} } = content;
  for (const key of keysFor(Object.keys(auths), domain, path)) {
    const entry = auths[key];
    const found = entry && credentialsOf(entry, file, key);
    if (found) return found;
  }
  return undefined;
}

/** What docker calls a registry. */
export function serverOf(domain: string): string {
  return domain === DOCKER_HUB ? DOCKER_HUB_KEY : domain;
}

/** The program that has the credentials of a registry; undefined: the file itself has them, as also an empty name says. */
export function helperOf({ credHelpers = {}, credsStore }: AuthFile, domain: string): string | undefined {
  return (credHelpers[domain] ?? credHelpers[serverOf(domain)] ?? credsStore) || undefined;
}

/** Which of the keys are of it, the nearest first: podman's may be of a repository or of a folder of them, docker's are of a host. */
export function keysFor(keys: readonly string[], domain: string, path: string): string[] {
  const parts = path.split("/");
  const nested = parts.map((_, index) => [domain, ...parts.slice(0, parts.length - index)].join("/"));
  const hosts = keys.filter((key) => isHostKey(key, domain));
  return [...nested.filter((key) => keys.includes(key)), ...hosts.sort((a, b) => a.length - b.length)];
}

/** docker takes what is between the scheme and the first slash; without a scheme, podman means a folder by what follows. */
export function isHostKey(key: string, domain: string): boolean {
  const [, scheme, host = "", below = ""] = /^(https?:\/\/)?([^/]*)(.*)$/.exec(key) ?? [];
  const isHost = host === domain || (domain === DOCKER_HUB && DOCKER_HUB_HOSTS.includes(host));
  return isHost && (scheme !== undefined || /^\/(v[12]\/?)?$|^$/.test(below));
}

function credentialsOf(entry: Shaped<typeof isEntry>, file: string, key: string): Credentials | undefined {
  const { auth, username, password, identitytoken } = entry;
  if (identitytoken) return { identityToken: identitytoken };
  if (username && password) return { user: username, password };
  if (!auth) return undefined;
  const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = text.indexOf(":");
  if (colon > 0) return { user: text.slice(0, colon), password: text.slice(colon + 1) };
  throw new Failure(`${file}: what it has for ${key} is not USER:PASSWORD in base64`, {
    code: "usage",
    remedy: "log in again",
  });
}
