import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, fchmodSync, openSync } from "node:fs";
import { Socket } from "node:net";

/** Pipes made at a time, ahead of need: more are made when fewer than this are left. A process needs three. */
const PIPES_AHEAD = 12;
/** From a process's start until more are made, which would take processor time from it. */
const REFILL_MS = 100;

export interface StandardPipes {
  /** Descriptors for the child: its stdin, stdout, stderr. Close them once it is spawned. */
  readonly childFds: readonly [number, number, number];
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
}

interface Pipe {
  readonly read: number;
  readonly write: number;
}

/**
 * Provides processes with real pipes. Node's own `stdio: "pipe"` is a socket pair, which can't be opened again: with it
 * `echo hello >/dev/stderr` fails with ENXIO, as nginx's log does in many images. (A FIFO would not work either:
 * opening /dev/stdin after the writer has closed its end would wait forever for another writer.)
 */
export class PipeSource {
  #ready: Pipe[] = [];
  #making: Promise<void> | undefined;
  #refill: NodeJS.Timeout | undefined;

  /** @throws the error of the shell or of open */
  async take(): Promise<StandardPipes> {
    while (this.#ready.length < 3) await this.prepare();
    const [input, output, errors] = this.#ready.splice(0, 3) as [Pipe, Pipe, Pipe];
    this.#refillLater();
    return {
      childFds: [input.read, output.write, errors.write],
      stdin: new Socket({ fd: input.write, readable: false, writable: true }),
      stdout: new Socket({ fd: output.read, readable: true, writable: false }),
      stderr: new Socket({ fd: errors.read, readable: true, writable: false }),
    };
  }

  #refillLater(): void {
    this.#refill ??= setTimeout(() => {
      this.#refill = undefined;
      if (this.#ready.length < PIPES_AHEAD) this.prepare().catch(() => {}); // the next take() tries again, and reports
    }, REFILL_MS).unref();
  }

  prepare(): Promise<void> {
    this.#making ??= makePipes(PIPES_AHEAD)
      .then((pipes) => {
        this.#ready.push(...pipes);
      })
      .finally(() => {
        this.#making = undefined;
      });
    return this.#making;
  }
}

/**
 * Node can't call pipe(2), but a shell does for a pipeline: each of its commands prints its process id and waits, while
 * both ends of the pipe that is its stdout are opened again through /proc.
 */
async function makePipes(count: number): Promise<Pipe[]> {
  // Descriptor 4, since `>&2` replaces the shell's own stdout while echo runs.
  const hold = "exec 4>&1; read -r pid rest </proc/self/stat; echo $pid >&2; read -r end <&3";
  const script = `exec 3<&0; hold() { ${hold}; }; ${"hold | ".repeat(count)} read -r end <&3`;
  const shell = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "pipe"] });
  const exited = once(shell, "exit");
  exited.catch(() => {}); // the output then ends early
  let printed = "";
  for await (const text of shell.stderr.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    printed += text;
    if (printed.split("\n").length > count) break;
  }
  try {
    return printed.trim().split("\n").map(openPipe);
  } finally {
    // Until the commands have exited they hold the pipes' ends open too, and no reader would see the end of file.
    shell.stdin.end();
    shell.stderr.resume();
    await exited;
  }
}

function openPipe(holder: string): Pipe {
  const path = `/proc/${Number(holder)}/fd/4`;
  const read = openSync(path, constants.O_RDONLY);
  const write = openSync(path, constants.O_WRONLY);
  // A process that has changed its user may still open /dev/stderr again.
  fchmodSync(read, 0o666);
  return { read, write };
}
