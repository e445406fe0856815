import { type Attachment, tooSlow } from "../../container/attach/attach.ts";
import { watchKeys } from "../../container/attach/detach-keys.ts";
import { kill } from "../../container/kill.ts";
import { openShim, type Shim } from "../../host/shim.ts";
import { isTerminal, takeTerminal } from "../../host/terminal.ts";
import type { ExitStatus } from "../../state/exit.ts";
import type { Handle } from "../../state/handle.ts";
import { outputFailure } from "../output/report.ts";
import { isBrokenPipe } from "../output/write.ts";
import { catchSignals, leaveBySignals } from "../signals.ts";

export interface AttachedStreams {
  readonly container: Handle;
  /** Leave the container when they are typed. */
  readonly keys: Buffer;
  readonly takesInput: boolean;
  /** The end of the input is that of the container's. */
  readonly endsInput: boolean;
  /** The container's is one. */
  readonly terminal: boolean;
  readonly passesSignals: boolean;
}

/** What may wait for a terminal or pipe that is not read; then the monitor is not held up by it. */
const OUTPUT_BYTES_MAX = 64 << 20;

export function print(stream: "stdout" | "stderr", bytes: Buffer): void {
  const out = process[stream];
  if (out.writableLength > OUTPUT_BYTES_MAX) throw tooSlow();
  out.write(bytes);
}

export interface Passing {
  /** How the container ended, or that it was left. Rejects with Failure where it was cut off. Call stop() after it. */
  readonly ended: Promise<ExitStatus | "detached">;
  /** Gives back the terminal, the signals and the input. */
  stop(): void;
}

/** Passes input, keys and signals on to a container from now on. */
export async function passStreams(attachment: Attachment, streams: AttachedStreams): Promise<Passing> {
  const shim = await openShim();
  const isRaw = streams.takesInput && streams.terminal && isTerminal(0);
  let detached = false;
  const detach = () => {
    detached = true;
    attachment.close();
  };
  // As with docker: a terminal here may be closed while a container that has one of its own goes on.
  const passed = streams.passesSignals ? () => passSignals(shim, streams.container, detach) : () => undefined;
  const stopSignals = streams.terminal ? leaveBySignals(detach) : passed();
  const restore = isRaw ? takeTerminal(shim) : () => {};
  const stopSize = streams.terminal ? passSize(attachment) : () => {};
  let outputError: NodeJS.ErrnoException | undefined;
  // A reader that is gone ends this, not the container.
  for (const out of [process.stdout, process.stderr]) {
    out.on("error", (error) => {
      outputError ??= error;
      attachment.close();
    });
  }
  if (streams.takesInput) passInput(attachment, isRaw ? streams.keys : undefined, detach);
  if (streams.takesInput && streams.endsInput) process.stdin.on("end", attachment.end);
  return {
    ended: attachment.ended.then((status) => {
      if (status) return status;
      if (detached) return "detached" as const;
      if (outputError) throw isBrokenPipe(outputError) ? outputError : outputFailure(outputError);
      throw tooSlow();
    }),
    stop() {
      process.stdin.destroy();
      stopSize();
      restore();
      stopSignals?.();
    },
  };
}

function passInput(attachment: Attachment, keys: Buffer | undefined, detach: () => void): void {
  const watch = keys && watchKeys(keys);
  process.stdin.on("error", () => {});
  process.stdin.on("data", (typed: Buffer) => {
    const { passed, detached } = watch ? watch(typed) : { passed: typed, detached: false };
    if (passed.length > 0) attachment.input(passed);
    if (detached) detach();
  });
}

/** Calls `leave` where the terminal here was closed, which says nothing about the container. Returns what ends that. */
function passSignals(shim: Shim, container: Handle, leave: () => void): () => void {
  const terminals = [0, 1, 2].filter(isTerminal);
  const signals = catchSignals(shim, false);
  signals.forwardTo({
    kill: (signal) => {
      if (signal === "SIGHUP" && !terminals.every(isTerminal)) leave();
      // It may have ended just now.
      else kill(container, signal).catch(() => {});
      return true;
    },
    dropOutput: () => {},
    resize: () => {},
  });
  return () => signals.stop();
}

/** Now, and when Node.js has seen that it changed. Returns what ends that. */
function passSize(attachment: Attachment): () => void {
  const { stdout } = process;
  const resize = () => {
    if (stdout.isTTY) attachment.resize(stdout.rows, stdout.columns);
  };
  resize();
  stdout.on("resize", resize);
  return () => void stdout.off("resize", resize);
}
