import { createHash, createHmac, randomBytes } from "node:crypto";
import { matchesPatternList } from "../config/pattern.ts";

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** Comma-separated patterns, or one `|1|salt|hash`. */
  readonly hosts: string;
  readonly type: string;
  /** In SSH's wire format. */
  readonly key: Buffer;
}

export type Verdict =
  | { readonly kind: "known" }
  /** No key of this host is known. */
  | { readonly kind: "new" }
  /** Keys of this host are known, and this is not one of them. */
  | { readonly kind: "changed"; readonly known: readonly KnownHost[] }
  | { readonly kind: "revoked"; readonly by: KnownHost };

/** Lines that are not valid are ignored, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split("\n").flatMap((content, index) => {
    const fields = content.trim().split(/[ \t]+/);
    const marker = markerOf(fields[0]);
    if (marker === "unknown") return [];
    const [hosts, type, base64] = marker ? fields.slice(1) : fields;
    if (!hosts || hosts.startsWith("#") || !type || !base64) return [];
    const key = Buffer.from(base64, "base64");
    if (!isKeyOfType(key, type)) return [];
    return [{ file, line: index + 1, marker, hosts, type, key }];
  });
}

function markerOf(field: string | undefined): KnownHost["marker"] | "unknown" {
  if (!field?.startsWith("@")) return undefined;
  if (field === "@revoked") return "revoked";
  return field === "@cert-authority" ? "cert-authority" : "unknown";
}

/** The wire format begins with the type's name. */
function isKeyOfType(key: Buffer, type: string): boolean {
  return (
    key.length > 4 + type.length &&
    key.readUInt32BE(0) === type.length &&
    key.toString("latin1", 4, 4 + type.length) === type
  );
}

/**
 * Whether `key` is the host's. @cert-authority lines are ignored: see isCertified.
 * As in OpenSSH, the key of a host on another port than 22 may also be stored under its name without the port; another
 * key under that name does not make it a changed one.
 */
export function judgeHostKey(entries: readonly KnownHost[], host: string, port: number, key: Buffer): Verdict {
  const named = entriesFor(entries, knownHostName(host, port));
  const bare = port === 22 ? named : entriesFor(entries, host.toLowerCase());
  const equal = (entry: KnownHost) => entry.key.equals(key);
  const revoked = [...named, ...bare].find((entry) => entry.marker === "revoked" && equal(entry));
  if (revoked) return { kind: "revoked", by: revoked };
  const known = named.filter(({ marker }) => marker === undefined);
  if (known.some(equal)) return { kind: "known" };
  if (known.length > 0) return { kind: "changed", known };
  return bare.some((entry) => entry.marker === undefined && equal(entry)) ? { kind: "known" } : { kind: "new" };
}

/**
 * The types of the keys known for a host. With a key of another type it would look changed, so they are asked for
 * first.
 */
export function knownKeyTypes(entries: readonly KnownHost[], host: string, port: number): string[] {
  const named = entriesFor(entries, knownHostName(host, port));
  const found = named.length > 0 ? named : entriesFor(entries, host.toLowerCase());
  return [...new Set(found.filter(({ marker }) => marker === undefined).map(({ type }) => type))];
}

/** Whether a @cert-authority line names the host. */
export function isCertified(entries: readonly KnownHost[], host: string, port: number): boolean {
  const named = [...entriesFor(entries, knownHostName(host, port)), ...entriesFor(entries, host.toLowerCase())];
  return named.some(({ marker }) => marker === "cert-authority");
}

/** `host`, or `[host]:port` where the port is not 22. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** A line to append to a known_hosts file. */
export function knownHostsLine(host: string, port: number, key: Buffer, hashed: boolean): string {
  const name = knownHostName(host, port);
  const type = key.toString("latin1", 4, 4 + key.readUInt32BE(0));
  return `${hashed ? hashName(name, randomBytes(20)) : name} ${type} ${key.toString("base64")}\n`;
}

function hashName(name: string, salt: Buffer): string {
  const hash = createHmac("sha1", salt).update(name).digest("base64");
  return `|1|${salt.toString("base64")}|${hash}`;
}

function entriesFor(entries: readonly KnownHost[], name: string): KnownHost[] {
  return entries.filter((entry) => matchesHosts(entry.hosts, name));
}

function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith("|1|")) {
    const salt = Buffer.from(hosts.split("|")[2] ?? "", "base64");
    return hashName(name, salt) === hosts;
  }
  return matchesPatternList(hosts.toLowerCase().split(","), name);
}
