import type { Duplex } from "node:stream";
import { Failure } from "../../../failure.ts";
import { type Endpoint, endpointText } from "../../../ports/endpoint.ts";
import type { Client } from "./ssh2.ts";

type OnConnection = (stream: Duplex) => void;

/** Ports and sockets of the host whose connections sshd passes on. */
export class Listener {
  readonly #client: InstanceType<typeof Client>;
  readonly #where: string;
  /** By port or path, as sshd names them with each connection. */
  readonly #handlers = new Map<number | string, OnConnection>();

  constructor(client: InstanceType<typeof Client>, where: string) {
    this.#client = client;
    this.#where = where;
    client.on("tcp connection", ({ destPort }, accept, reject) => this.#pass(destPort, accept, reject));
    client.on("unix connection", ({ socketPath }, accept, reject) => this.#pass(socketPath, accept, reject));
  }

  /** @throws Failure */
  async listen(at: Endpoint, onConnection: OnConnection): Promise<void> {
    try {
      await this.#request(at);
    } catch (error) {
      throw this.#refusal(at, error);
    }
    this.#handlers.set(at.kind === "tcp" ? at.port : at.path, onConnection);
  }

  #request(at: Endpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(error) : resolve());
      // RFC 4254: no address means every one.
      if (at.kind === "tcp") this.#client.forwardIn(at.host === "*" ? "" : at.host, at.port, done);
      else this.#client.openssh_forwardInStreamLocal(at.path, done);
    });
  }

  #pass(at: number | string, accept: () => Duplex, reject: () => void): void {
    const onConnection = this.#handlers.get(at);
    if (onConnection) onConnection(accept());
    else reject();
  }

  /** sshd does not say why. */
  #refusal(at: Endpoint, cause: unknown): Failure {
    const [what, setting] =
      at.kind === "tcp" ? ["port is free", "AllowTcpForwarding"] : ["path is free", "AllowStreamLocalForwarding"];
    return new Failure(`${this.#where} does not listen on ${endpointText(at)}`, {
      code: "port-refused",
      remedy: `check that the ${what} there, and ${setting} in its sshd_config`,
      cause,
    });
  }
}
