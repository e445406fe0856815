import { readdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { writtenHosts } from "./settings.ts";

/** Where distributions keep the authorities that this machine trusts. */
const BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

export interface Certificates {
  /** Undefined: those that Node.js has. */
  readonly ca?: string[];
  /** What proves who the caller is. */
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The machine's authorities, unless none is asked for, because reading them takes 20 ms; and what docker and podman keep for a registry (HOST[:PORT]) in
 * certs.d.
 */
export function certificatesFor(host: string, env: NodeJS.ProcessEnv, verified: boolean): Certificates {
  const bundle = !verified ? [] : firstOf(env["SSL_CERT_FILE"] ? [env["SSL_CERT_FILE"]] : BUNDLES);
  const own: string[] = [];
  let client: Pick<Certificates, "cert" | "key"> = {};
  for (const directory of directoriesFor(host, env)) {
    const names = namesIn(directory);
    for (const name of names) if (name.endsWith(".crt")) own.push(...textOf(join(directory, name)));
    client = { ...clientIn(directory, names), ...client };
  }
  const extra = env["NODE_EXTRA_CA_CERTS"] ? textOf(env["NODE_EXTRA_CA_CERTS"]) : [];
  const ca = [...bundle, ...own, ...extra];
  // Where nothing is verified, Node.js need not read its own authorities either.
  return { ...(ca.length > 0 || !verified ? { ca } : {}), ...client };
}

/** Whose certificate a server is asked for: that of an address it sends unasked. */
export function serverName(hostname: string): string {
  return isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? hostname : "";
}

/** containers-certs.d(5), and docker's "Verify repository client with certificates". */
function directoriesFor(host: string, env: NodeJS.ProcessEnv): string[] {
  const home = env["HOME"] || "/";
  const config = env["XDG_CONFIG_HOME"] || join(home, ".config");
  const all = [join(config, "containers"), join(home, ".docker"), "/etc/containers", "/etc/docker"];
  return all.flatMap((directory) => writtenHosts(host).map((written) => join(directory, "certs.d", written)));
}

function clientIn(directory: string, names: readonly string[]): Pick<Certificates, "cert" | "key"> {
  const name = names.find((one) => one.endsWith(".cert"));
  const [cert] = name === undefined ? [] : textOf(join(directory, name));
  const [key] = name === undefined ? [] : textOf(join(directory, name.replace(/cert$/, "key")));
  return cert !== undefined && key !== undefined ? { cert, key } : {};
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function firstOf(paths: readonly string[]): string[] {
  for (const path of paths) {
    const text = textOf(path);
    if (text.length > 0) return text;
  }
  return [];
}

/** What can't be read counts as not there; then the connection fails, and says that it does not trust the certificate. */
function textOf(path: string): string[] {
  try {
    return [readFileSync(path, "utf8")];
  } catch {
    return [];
  }
}
