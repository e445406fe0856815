import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Scope } from "../../rig/host.ts";
import type { Tinydocker } from "../../rig/tinydocker.ts";

export interface Said {
  readonly code: number;
  readonly stderr: string;
}

/** None of these commands takes a second. */
const COMMAND_MS = 120_000;

/** A process that does one command after the other; the rig's program is that of served.ts. */
export class Server {
  readonly #child: ChildProcess;
  #said = "";

  constructor(rig: Tinydocker, scope: Scope) {
    this.#child = fork(rig.program, {
      env: { ...process.env, TINYDOCKER_ROOT: rig.root },
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
      this.#child.emit("said");
    });
    const ended = once(this.#child, "close").then(() => this.#child.emit("said"));
    scope.after(async () => {
      this.#child.kill("SIGKILL");
      await ended;
    });
  }

  /** Rejects where the command does not end. */
  async run(words: readonly string[]): Promise<Said> {
    const late = AbortSignal.timeout(COMMAND_MS);
    this.#child.send(words);
    for (;;) {
      const [, stderr = "", code] = /^(.*)\0(\d+)\n$/s.exec(this.#said) ?? [];
      if (code !== undefined) {
        this.#said = "";
        return { code: Number(code), stderr };
      }
      if (!this.#child.connected) throw new Error(`${words.join(" ")} ended what does it: ${this.#said}`);
      await once(this.#child, "said", { signal: late }).catch(() => {
        throw new Error(`${words.join(" ")} has not ended after ${COMMAND_MS / 1000} s: ${this.#said}`);
      });
    }
  }
}
