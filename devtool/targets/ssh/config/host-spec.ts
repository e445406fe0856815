import { Failure } from "../../../failure.ts";

/** A host as a person writes it. */
export interface HostSpec {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

/**
 * `[user@]host[:port]`, `ssh://[user@]host[:port]`; an IPv6 address in brackets where a port follows. @throws Failure
 */
export function parseHostSpec(text: string): HostSpec {
  const rest = text.startsWith("ssh://") ? text.slice("ssh://".length).replace(/\/$/, "") : text;
  const at = rest.lastIndexOf("@");
  const user = at === -1 ? undefined : rest.slice(0, at);
  const place = rest.slice(at + 1);
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(place);
  const colons = place.split(":").length - 1;
  const plain = colons === 1 ? /^([^:]+):(\d+)$/.exec(place) : undefined;
  const [, host, port] = bracketed ?? plain ?? ["", place, undefined];
  // ssh would read a host that begins with "-" as an option.
  if (!host || !/^[^-\s/\\"'`$;|<>&()][^\s/\\"'`$;|<>&()]*$/.test(host) || user === "") {
    throw badHost(text);
  }
  if (user !== undefined && !isSafeUser(user)) throw badHost(text);
  if (colons === 1 && !bracketed && !plain) throw badHost(text);
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65535)) throw badHost(text);
  return { host, user, port: number };
}

/** As OpenSSH's valid_ruser(): it becomes part of a shell command where %r is in a ProxyCommand. */
function isSafeUser(user: string): boolean {
  return !/^-|['"`;&<>|(){}\0]|\s-|\\$/.test(user);
}

function badHost(text: string): Failure {
  return new Failure(`${JSON.stringify(text)} is not a valid host`, {
    code: "target-invalid",
    remedy: "write it as [user@]host[:port] or ssh://[user@]host[:port]",
    exitCode: 2,
  });
}
