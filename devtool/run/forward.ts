import type { Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { connectHere } from "../ports/connect.ts";
import { endpointText } from "../ports/endpoint.ts";
import { listenHere } from "../ports/listen.ts";
import type { Mapping } from "../ports/mapping.ts";
import { splice } from "../ports/splice.ts";
import type { Report } from "../report/events.ts";
import type { Connection } from "../targets/target.ts";

/** Ports of this machine whose connections go to the target. */
export interface Forwards {
  close(): void;
}

/**
 * Listens on this machine. Each connection to it waits for `current`, the open connection to the target, also while
 * that is being reopened. A port in use that `isLeft` is none of its own. @throws Failure, exit code 2, where another one is in use
 */
export async function openForwards(
  mappings: readonly Mapping[],
  current: () => Promise<Connection>,
  report: Report,
  isLeft: (mapping: Mapping) => Promise<boolean> = async () => false,
): Promise<Forwards> {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const close = () => {
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
  };
  try {
    for (const mapping of mappings) {
      const carry = forwarder(mapping, current, report);
      const onConnection = (socket: Socket) => {
        sockets.add(socket.once("close", () => sockets.delete(socket)));
        void carry(socket);
      };
      try {
        servers.push(...(await listenHere(mapping.listen, onConnection)));
        tell("forward", mapping, report);
      } catch (error) {
        if (!isInUse(error) || !(await isLeft(mapping))) throw mapping.answersAtOnce ? ofInspector(error) : error;
      }
    }
    return { close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Its port is no `--forward` of the user's. */
function ofInspector(error: unknown): unknown {
  if (!isInUse(error)) return error;
  const { message, code, exitCode } = error;
  return new Failure(message, {
    code,
    remedy: "end it, or let the debugger in at another port: --inspect=PORT",
    exitCode,
  });
}

function isInUse(error: unknown): error is Failure {
  return error instanceof Failure && error.code === "port-in-use";
}

/** What a server that is being started refuses is said once, until it accepts again. */
function forwarder({ to, answersAtOnce = false }: Mapping, current: () => Promise<Connection>, report: Report) {
  const told = new Told(report);
  return async (socket: Socket) => {
    socket.on("error", () => {}); // its client has gone
    try {
      const connection = await current();
      const remote = await connection.connectTo(to);
      splice(socket, remote);
      if (answersAtOnce) tellSilent(socket, remote, endpointText(to), told);
      else told.over();
    } catch (error) {
      socket.destroy();
      told.failure(error);
    }
  };
}

/** From a debugger's first byte to the answer. */
const ANSWER_MS = 5_000;

/** A debugger would wait without a word for what never answers. */
function tellSilent(client: Socket, server: Duplex, where: string, told: Told): void {
  let timer: NodeJS.Timeout | undefined;
  const silent = new Failure(`what listens at ${where} of the target did not answer the debugger within 5 s`, {
    code: "port-unreachable",
    remedy: "is it the program's? If another one has the port: --inspect=PORT:OTHER",
  });
  client.once("data", () => {
    timer = setTimeout(() => told.failure(silent), ANSWER_MS);
  });
  client.once("close", () => clearTimeout(timer));
  server.once("data", () => {
    clearTimeout(timer);
    told.over();
  });
}

/** sshd holds a port for a connection that was lost without its knowledge. Doubled after each try, up to the other. */
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 30_000;
const RETRIES_MAX = 40;

/** Listens on the target for as long as the connection is open. What the target refuses is a notice, and tried again. */
export async function openReverse(mappings: readonly Mapping[], connection: Connection, report: Report): Promise<void> {
  for (const mapping of mappings) {
    const told = new Told(report);
    const open = () => listenThere(mapping, connection, told);
    const opened = () => tell("reverse", mapping, report);
    if (await open()) opened();
    else void retry(open, connection).then((isOpen) => isOpen && opened());
  }
}

/** Whether the target listens. */
async function listenThere(mapping: Mapping, connection: Connection, told: Told): Promise<boolean> {
  const carry = async (remote: Duplex) => {
    remote.on("error", () => {}); // its client has gone
    try {
      splice(remote, await connectHere(mapping.to));
      told.over();
    } catch (error) {
      remote.destroy();
      told.failure(error);
    }
  };
  try {
    await connection.listenAt(mapping.listen, (remote) => void carry(remote));
    return true;
  } catch (error) {
    told.failure(error);
    return false;
  }
}

/** Whether it succeeded while the connection was open. */
async function retry(open: () => Promise<boolean>, { closed }: Connection): Promise<boolean> {
  const closing = closed.then(() => true);
  for (let tries = 0, wait = RETRY_MS_MIN; tries < RETRIES_MAX; tries += 1, wait = Math.min(wait * 2, RETRY_MS_MAX)) {
    if (await Promise.race([closing, delay(wait, false, { ref: false })])) return false;
    if (await open()) return true;
  }
  return false;
}

/** Reports each failure once, and again after a success. A lost connection has an event of its own. */
class Told {
  readonly #report: Report;
  #last: string | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  failure(error: unknown): void {
    if (!(error instanceof Failure)) throw error;
    if (error.code === "connection-lost" || error.message === this.#last) return;
    this.#last = error.message;
    this.#report({ event: "notice", text: error.remedy ? `${error.message}: ${error.remedy}` : error.message });
  }

  over(): void {
    this.#last = undefined;
  }
}

function tell(direction: "forward" | "reverse", { listen, to }: Mapping, report: Report): void {
  report({ event: "forwarded", direction, listen: endpointText(listen), to: endpointText(to) });
}
