import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { ConnectionLost, Failure } from "../../../failure.ts";
import { type Endpoint, endpointText } from "../../../ports/endpoint.ts";
import { eachLine } from "../../../process/lines.ts";
import type { SshSession, SshTerminal, SshTransport } from "../transport/transport.ts";
import { NoOpenSsh } from "./beyond.ts";
import { openSshFailure } from "./failure.ts";
import { hostArguments, type OpenSshHost } from "./host.ts";
import { openForward, openSession } from "./session.ts";
import { type Ssh, spawnMaster } from "./spawn.ts";

/** A shell's exit code for a command that it can't find. */
const NOT_FOUND = 127;
const READY = "devtool-ready";

/**
 * Connects by OpenSSH's ssh, which logs in as it always does and asks on the terminal itself. Sessions share the
 * connection, except on Windows, where each logs in again.
 * @throws NoOpenSsh; Failure with ssh's own message
 */
export async function dialOpenSsh(
  host: OpenSshHost,
  notice: (text: string) => void,
  signal: AbortSignal,
): Promise<SshTransport> {
  signal.throwIfAborted();
  const control =
    process.platform === "win32" ? undefined : join(tmpdir(), `devtool-ssh-${randomBytes(8).toString("hex")}`);
  const transport = new OpenSshTransport(host, control);
  const abort = () => transport.close();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await transport.ready(notice);
    return transport;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

class OpenSshTransport implements SshTransport {
  readonly #host: OpenSshHost;
  readonly #args: readonly string[];
  readonly #master: Ssh;
  readonly #errors: string[] = [];
  #reason: { readonly error: Error | undefined } | undefined;
  readonly closed: Promise<Error | undefined>;

  constructor(host: OpenSshHost, control: string | undefined) {
    this.#host = host;
    this.#args = hostArguments(host, control);
    // LogLevel QUIET of the configuration would hide why it can't log in.
    const options = ["LogLevel=INFO", "ControlMaster=yes", "PermitLocalCommand=yes", `LocalCommand=echo ${READY}`];
    this.#master = spawnMaster([
      ...this.#args,
      "-N",
      ...options.flatMap((option) => ["-o", option]),
      "--",
      host.spec.host,
    ]);
    this.closed = new Promise((settle) => {
      this.#master.on("error", () => settle(undefined));
      this.#master.on("close", () => settle(this.#reason ? this.#reason.error : this.#loss()));
    });
  }

  /** Settles once it has logged in. What asks for a touch of a security key is a notice. */
  async ready(notice: (text: string) => void): Promise<void> {
    const { spec, settings } = this.#host;
    void eachLine(this.#master.stderr, (line) => {
      if (line.trim()) this.#errors.push(line.trim());
      if (/user presence/i.test(line)) notice(`${spec.host}: ${line.trim()}`);
    });
    await new Promise<void>((resolve, reject) => {
      void eachLine(this.#master.stdout, (line) => line.includes(READY) && resolve());
      this.#master.on("error", () => reject(new NoOpenSsh()));
      this.#master.on("close", (code) =>
        reject(code === NOT_FOUND ? new NoOpenSsh() : openSshFailure(settings, this.#errors)),
      );
    });
  }

  async session(command: string, terminal?: SshTerminal): Promise<SshSession> {
    const options = ["-o", "ControlMaster=no", "-o", "EscapeChar=none", "-o", "LogLevel=ERROR"];
    const args = [...this.#args, ...options, terminal ? "-tt" : "-T", "--", this.#host.spec.host];
    return openSession(args, command, terminal, this.closed);
  }

  /** ssh does not tell whether the host refuses, so nothing is forwarded. */
  async connectUnix(path: string): Promise<Duplex> {
    throw new Failure(`no forwarding to ${path} by OpenSSH's ssh`, { code: "channel-refused" });
  }

  /** What does not answer there is a stream that ends at once. */
  async connectTcp(host: string, port: number): Promise<Duplex> {
    const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    return openForward([...this.#args, "-o", "ControlMaster=no", "-W", address, "--", this.#host.spec.host]);
  }

  async listen(at: Endpoint): Promise<void> {
    throw new Failure(`can't listen on ${endpointText(at)} of ${this.#host.name} through OpenSSH's ssh`, {
      code: "port-refused",
      remedy: "start another ssh with -R for it",
    });
  }

  close(reason?: Error): void {
    this.#reason ??= { error: reason };
    this.#master.stdin.end();
  }

  #loss(): ConnectionLost {
    const last = this.#errors.at(-1);
    return new ConnectionLost(`the connection to ${this.#host.name} was lost${last ? `: ${last}` : ""}`);
  }
}
