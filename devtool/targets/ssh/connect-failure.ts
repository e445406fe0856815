import { Failure } from "../../failure.ts";
import { errnoOf, errnoWords } from "../errno.ts";

/** Whom the connection was to be with. */
interface Endpoint {
  /** `host:port` */
  readonly where: string;
  readonly host: string;
  readonly user: string;
}

/** Nothing answers at the address, as far as can be told from here. */
export class Unreachable extends Failure {}

export function timedOut({ where }: Endpoint, limitMs: number): Unreachable {
  return new Unreachable(`${where} did not answer within ${limitMs / 1000} s`, {
    code: "target-unreachable",
    remedy: "check that the machine is up and that no firewall drops the port",
    exitCode: 2,
  });
}

export function refused({ where, user }: Endpoint, keys: readonly string[], methods: readonly string[]): Failure {
  const tried = keys.join(", ");
  const answer = tried
    ? `refused every key offered as ${user} (${tried})`
    : `wants a key for ${user}, and there is none`;
  return new Unreachable(`${where} ${answer}; it takes ${methods.join(", ") || "nothing else"}`, {
    code: "login-refused",
    remedy: `check the user name, and authorize a key there: ssh-copy-id ${user}@${where.replace(/:22$/, "")}`,
    exitCode: 2,
  });
}

export function connectFailure({ where, host }: Endpoint, error: Error & { level?: string }): Failure {
  const options = { exitCode: 2, cause: error } as const;
  const errno = errnoOf(error);
  switch (errno) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Unreachable(`can't reach ${where}: no address is known for ${host} (${errno})`, {
        code: "target-unreachable",
        ...options,
        remedy: "check the host's name, or give its HostName in ~/.ssh/config",
      });
    case "ECONNREFUSED":
      return new Unreachable(`${where} refused the connection: nothing listens there (${errno})`, {
        code: "target-unreachable",
        ...options,
        remedy: "check the port, and that sshd runs on it",
      });
    case undefined:
      break;
    default:
      return new Unreachable(`can't reach ${where}: ${errnoWords(errno)}`, {
        code: "target-unreachable",
        ...options,
        remedy: "check that the machine is up and can be reached from here",
      });
  }
  if (/Too many authentication failures/i.test(error.message)) {
    return new Failure(`${where} stopped the log-in after too many keys`, {
      code: "login-refused",
      ...options,
      remedy: "name the right key: IdentityFile and IdentitiesOnly yes in ~/.ssh/config",
    });
  }
  if (error.level === "handshake" || error.level === "protocol") {
    return new Failure(`${where} and this client found no common way to talk: ${error.message}`, {
      code: "handshake-failed",
      ...options,
      remedy:
        "check that it is an SSH server; it must allow curve25519-sha256 or another key exchange that is no post-quantum one",
    });
  }
  return new Failure(`can't log in on ${where}: ${error.message}`, { code: "login-refused", ...options });
}

export function reasonOf(why: unknown): string {
  if (!(why instanceof Error)) return "";
  const errno = errnoOf(why);
  return `: ${errno ? errnoWords(errno) : why.message}`;
}
