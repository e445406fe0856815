import type { Duplex } from "node:stream";
import type { Command } from "../../protocol/messages.ts";
import type { ExecOptions, RemoteProcess } from "../target.ts";
import { prepareThroughAgent, startThroughAgent } from "./process.ts";

/** Opens a connection to an agent. */
export type Opener = () => Promise<Duplex>;

interface Ready {
  readonly channel: Duplex;
  readonly start: ReturnType<typeof prepareThroughAgent>;
}

/** The processes that a connection starts through its agents. For one of them the agent gets ready before. */
export class Starts {
  readonly #where: string;
  #next: { readonly open: Opener; readonly command: Command; readonly ready: Promise<Ready> } | undefined;

  constructor(where: string) {
    this.#where = where;
  }

  /** For the next start of the same. */
  prepare(open: Opener, command: Command): void {
    this.#next?.ready.then(({ channel }) => channel.destroy()).catch(() => {});
    const ready = open().then((channel) => ({ channel, start: prepareThroughAgent(channel, command, this.#where) }));
    ready.catch(() => {}); // the start opens another
    this.#next = { open, command, ready };
  }

  /** @throws Failure */
  async start(open: Opener, command: Command, signal: AbortSignal | undefined): Promise<RemoteProcess> {
    const ready = await this.#take(open, command);
    signal?.throwIfAborted();
    if (ready && !ready.channel.destroyed) return await ready.start(signal);
    return await startThroughAgent(await open(), command, this.#where, signal);
  }

  async #take(open: Opener, command: Command): Promise<Ready | undefined> {
    const next = this.#next;
    if (next?.open !== open || keyOf(next.command) !== keyOf(command)) return undefined;
    this.#next = undefined;
    return await next.ready.catch(() => undefined);
  }
}

export function commandOf(
  argv: readonly string[],
  { cwd, fixedCwd, endsByItself, env }: ExecOptions,
  home: string,
): Command {
  return {
    argv,
    cwd: cwd ?? home,
    ...(fixedCwd && { fixedCwd }),
    ...(endsByItself && { endsByItself }),
    env: env ?? {},
  };
}

function keyOf({ argv, cwd, fixedCwd, env }: Command): string {
  return JSON.stringify([argv, cwd, fixedCwd, env]);
}
