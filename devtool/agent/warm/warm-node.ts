import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Duplex } from "node:stream";
import type { Command, LostAhead } from "../../protocol/messages.ts";
import type { PipeSource } from "../pipes.ts";
import { signalGroup } from "../process-group.ts";
import { environmentOf, type Running, release, started } from "../start.ts";
import { canStartAhead, FILES_READ } from "./node-command.ts";
import { CONTROL_FD, type Preload, preloading } from "./preload.ts";

/** One that waits answers at once, unless it was stopped or has no processor time. */
const ANSWER_MS = 5_000;

/**
 * A Node.js that was started ahead for a command, with its arguments, environment and pipes, and waits before it loads the
 * program. What it does then, it does as one that is started then.
 */
export class WarmNode {
  readonly #started: string;
  readonly #running: Running;
  readonly #control: Duplex;
  #hasEnded = false;

  private constructor(started: string, running: Running) {
    this.#started = started;
    this.#running = running;
    // Node.js's types know five of them.
    this.#control = (running.child.stdio as readonly unknown[])[CONTROL_FD] as Duplex;
    this.#control.on("error", () => {}); // "close" follows
    void running.exited.then(() => {
      this.#hasEnded = true;
    });
  }

  /** undefined for a command that can't be started ahead, or not now. */
  static async start(command: Command, source: PipeSource, preload: Preload): Promise<WarmNode | undefined> {
    const { argv, cwd } = command;
    const env = environmentOf(command);
    if (!canStartAhead(argv, env) || !programOf(command)) return undefined;
    try {
      const NODE_OPTIONS = preloading(preload.file, env["NODE_OPTIONS"]);
      const [file = "", ...args] = argv;
      const pipes = await source.take();
      const key = keyOf(command);
      const stdio = [...pipes.childFds, ...Array<"ignore">(CONTROL_FD - 3).fill("ignore"), "pipe" as const];
      const options = { cwd, env: { ...env, NODE_OPTIONS }, detached: true, stdio };
      return new WarmNode(key, await started(() => spawn(file, args, options), pipes));
    } catch {
      return undefined;
    }
  }

  /** Lets it begin. Otherwise a fresh start has to be made: undefined where another command is asked for, or why it can't. */
  async begin(command: Command): Promise<Running | LostAhead | undefined> {
    const executable = executableOf(this.#running.child);
    const isWanted = this.#isFor(command) && (executable === undefined || executable === programOf(command));
    if (!isWanted) return await this.end();
    const answer = executable === undefined ? "ended" : await this.#answerTo(command.cwd);
    if (answer === "begins") {
      this.#control.destroy();
      return this.#running;
    }
    await this.end();
    return answer;
  }

  /** It answers before the program begins, so the program never runs twice: not its exit but the end of `control` counts. */
  async #answerTo(cwd: string): Promise<"begins" | LostAhead> {
    const control = this.#control;
    control.write(cwd);
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<"begins" | LostAhead>((resolve) => {
      timer = setTimeout(() => resolve("silent"), ANSWER_MS);
      control.once("data", () => resolve("begins")).once("close", () => resolve("ended"));
    });
    return await answer.finally(() => clearTimeout(timer));
  }

  async end(): Promise<undefined> {
    const { pid, pipes, exited } = this.#running;
    if (!this.#hasEnded) signalGroup(pid, "SIGKILL");
    await exited;
    this.#control.destroy();
    release(pipes);
  }

  #isFor(command: Command): boolean {
    return keyOf(command) === this.#started && statOf(command.cwd)?.isDirectory() === true;
  }
}

/** What a start depends on. */
function keyOf(command: Command): string {
  const env = environmentOf(command);
  const read = FILES_READ.map((name) => statOf(env[name] ?? "")?.mtimeMs);
  return JSON.stringify([command.argv, command.cwd, env, read]);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** What it runs: the path of a file that has been replaced since ends in " (deleted)"; undefined once it has ended. */
function executableOf({ pid }: ChildProcess): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/** The file that is started for argv[0], which may be a link to it. */
function programOf(command: Command): string | undefined {
  const {
    argv: [name = ""],
    cwd,
  } = command;
  const folders = name.includes("/") ? [""] : (environmentOf(command)["PATH"] ?? "").split(":");
  for (const folder of folders) {
    try {
      const file = resolve(cwd, folder, name);
      accessSync(file, constants.X_OK);
      return realpathSync(file);
    } catch {
      // the next one
    }
  }
  return undefined;
}
