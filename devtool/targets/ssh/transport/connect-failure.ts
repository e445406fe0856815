import { Failure } from "../../../failure.ts";
import { errnoOf, errnoWords } from "../../../process/errno.ts";

/** Where someone logs in, and as whom. */
export interface Account {
  /** `host:port` */
  readonly where: string;
  readonly host: string;
  readonly user: string;
}

/** The host does not answer, or is not the one that was meant: the machine may be down. */
export class Unreachable extends Failure {}

export function timedOut({ where }: Account, limitMs: number): Unreachable {
  return new Unreachable(`${where} did not answer within ${limitMs / 1000} s`, {
    code: "target-unreachable",
    remedy: "check that the machine is up and that no firewall drops the port",
    exitCode: 2,
  });
}

export function connectFailure({ where, host, user }: Account, error: Error & { level?: string }): Failure {
  const options = { exitCode: 2, cause: error } as const;
  const errno = errnoOf(error);
  switch (errno) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Unreachable(`can't reach ${where}: ${host} has no address (${errno})`, {
        code: "target-unreachable",
        ...options,
        remedy: "check the host's name, or set its HostName in ~/.ssh/config",
      });
    case "ECONNREFUSED":
      return new Unreachable(`${where} refused the connection: nothing listens there (${errno})`, {
        code: "target-unreachable",
        ...options,
        remedy: "check the port, and that sshd runs on it",
      });
    case "EADDRNOTAVAIL":
      return new Unreachable(`can't reach ${where}: ${errnoWords(errno)}`, {
        code: "target-unreachable",
        ...options,
        remedy: "check that BindAddress in the SSH configuration is an address of this machine",
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
  if (/lost before handshake/i.test(error.message)) {
    return new Failure(`${where} closed the connection before the SSH handshake`, {
      code: "handshake-failed",
      ...options,
      remedy:
        "check that it is an SSH server; sshd's log there says why it hangs up, such as MaxStartups, PerSourcePenalties or fail2ban: journalctl -u ssh",
    });
  }
  // Without a level it is what ssh2's parser throws.
  if (error.level === undefined || error.level === "handshake" || error.level === "protocol") {
    return new Failure(`the SSH handshake with ${where} failed: ${error.message}`, {
      code: "handshake-failed",
      ...options,
      remedy:
        "check that it is an SSH server; it must allow curve25519-sha256 or another key exchange that is not post-quantum",
    });
  }
  return new Failure(`can't log in on ${where}: ${error.message}`, {
    code: "login-refused",
    ...options,
    remedy: `compare what OpenSSH says: ssh -v ${hostWords(where, user)}`,
  });
}

/** As ssh and ssh-copy-id take them: `-p 2222 user@host`. */
export function hostWords(where: string, user: string): string {
  const [, host = where, port = "22"] = /^\[?(.*?)\]?:(\d+)$/.exec(where) ?? [];
  return `${port === "22" ? "" : `-p ${port} `}${user}@${host}`;
}

export function reasonOf(why: unknown): string {
  if (!(why instanceof Error)) return "";
  const errno = errnoOf(why);
  return `: ${errno ? errnoWords(errno) : why.message}`;
}
