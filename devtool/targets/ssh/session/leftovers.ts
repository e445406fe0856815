import { once } from "node:events";
import { forLoginShell } from "../../login-shell/quote.ts";
import type { SudoUse } from "../../sudo.ts";
import type { SshTransport } from "../transport/transport.ts";
import { asUser, readStat } from "./script.ts";

/** Pauses of 0.02 s from SIGTERM to SIGKILL. */
const TERMINATE_GRACE = 250;

interface Leftover {
  readonly pgid: number;
  /** When its first process started, as proc(5) has it: another one may have its id by now. */
  readonly since: string;
  readonly sudo: SudoUse;
}

/** What ran on sessions when the connection was lost: sshd ends none of it that has no terminal. */
export class Leftovers {
  #left: Leftover[] = [];

  add(leftover: Leftover): void {
    this.#left.push(leftover);
  }

  /** Ends it over the next connection. What that is lost for too is tried over the one after it. */
  async end(transport: SshTransport): Promise<void> {
    const left = this.#left;
    this.#left = [];
    await Promise.all(left.map((one) => endOne(transport, one).catch(() => this.add(one))));
  }
}

/** The init of some machines waits for no zombie, or late. */
async function endOne(transport: SshTransport, { pgid, since, sudo }: Leftover): Promise<void> {
  const script = `${readStat(String(pgid))}; [ "\${22}" = "${since}" ] || exit 0
kill -s TERM -- -${pgid}; n=0
while ${readStat(String(pgid))}; [ "\${3:-Z}" != Z ] && [ $n -lt ${TERMINATE_GRACE} ]; do sleep 0.02; n=$((n + 1)); done
kill -s KILL -- -${pgid} 2>/dev/null`;
  const { channel } = await transport.session(forLoginShell(asUser(sudo, script)));
  const closed = Promise.race([once(channel, "close"), transport.closed]);
  channel.resume();
  channel.stderr.resume();
  await closed;
}
