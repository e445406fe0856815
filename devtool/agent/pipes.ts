import { execFile } from "node:child_process";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Pipes made ahead, so that no start waits for mkfifo. More are made when half are gone; a start beyond them waits. */
const PIPES_AHEAD = 24;

export interface StandardPipes {
  /** Descriptors for the child: its stdin, stdout, stderr. Close them once it is spawned. */
  readonly childFds: readonly [number, number, number];
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
}

/**
 * Gives processes real pipes. Node's own `stdio: "pipe"` is a socket pair, which can't be opened again: with it
 * `echo hello >/dev/stderr` fails with ENXIO, as nginx's log does in many images.
 */
export class PipeSource {
  readonly #prefix: string;
  #made = 0;
  #ready: string[] = [];
  #making: Promise<void> | undefined;

  /** `prefix` is a path in a 0700 directory of the agent's own. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** @throws the error of mkfifo or open */
  async take(): Promise<StandardPipes> {
    while (this.#ready.length < 3) await this.prepare();
    const [stdin, stdout, stderr] = this.#ready.splice(0, 3) as [string, string, string];
    if (this.#ready.length < PIPES_AHEAD / 2) this.prepare().catch(() => {});
    const input = openPipe(stdin);
    const output = openPipe(stdout);
    const errors = openPipe(stderr);
    return {
      childFds: [input.read, output.write, errors.write],
      stdin: new Socket({ fd: input.write, readable: false, writable: true }),
      stdout: new Socket({ fd: output.read, readable: true, writable: false }),
      stderr: new Socket({ fd: errors.read, readable: true, writable: false }),
    };
  }

  prepare(): Promise<void> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #make(): Promise<void> {
    const paths = Array.from({ length: PIPES_AHEAD }, () => `${this.#prefix}-${this.#made++}`);
    // 0666: a process that has changed its user may still open /dev/stderr again; the directory keeps others out.
    await run("mkfifo", ["-m", "0666", ...paths]);
    this.#ready.push(...paths);
  }
}

function openPipe(path: string): { read: number; write: number } {
  // A FIFO's open waits for its other end, except this one; the two after it find it and return at once.
  const opener = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY);
  const read = openSync(path, constants.O_RDONLY);
  closeSync(opener);
  unlinkSync(path);
  return { read, write };
}
