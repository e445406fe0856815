import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { thisUser } from "../../../process/user.ts";

/** A host as far as tokens name it. */
interface NamedHost {
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyAlias: string | undefined;
}

export type Tokens = Readonly<Record<string, string>>;

/** TOKENS of ssh_config(5), those that need no connection. */
export function tokensOf(host: NamedHost, home: string): Tokens {
  const { uid, username } = thisUser();
  return {
    "%": "%",
    C: createHash("sha1")
      .update(hostname() + host.hostName + host.port + host.user)
      .digest("hex"),
    d: home,
    h: host.hostName,
    i: String(uid),
    k: host.hostKeyAlias ?? host.alias,
    L: hostname().split(".")[0] ?? "",
    l: hostname(),
    n: host.alias,
    p: String(host.port),
    r: host.user,
    u: username,
  };
}

export function expandTokens(text: string, tokens: Tokens): string {
  return text.replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole);
}

export function expandVariables(path: string, home: string): string {
  return path
    .replace(/^~(?=$|[/\\])/, () => home)
    .replace(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? "");
}

/**
 * `ssh -G` prints paths without quotes, and a home on Windows may contain blanks: split only where a path can begin.
 */
export function splitPaths(paths: string): string[] {
  return paths.split(/ +(?=[/~%]|\$\{|[A-Za-z]:[/\\]|__PROGRAMDATA__)/).filter(Boolean);
}
