import { constants } from "node:os";
import type { Container } from "../container/running/container.ts";
import type { Shim } from "../host/shim.ts";
import { callersIgnored, SIGRTMAX, SIGRTMIN, signalName } from "../host/signals.ts";

/** Caught also before there is a container, which is then not left half made. */
const ENDING: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM"];

/**
 * The rest of what docker forwards. What the kernel sends for something that this process itself does, such as SIGSEGV, or
 * SIGTTOU when it sets the mode of the terminal from the background, is not passed on: native/library/catch.c.
 */
const OTHERS: readonly NodeJS.Signals[] = [
  "SIGABRT",
  "SIGBUS",
  "SIGCONT",
  "SIGFPE",
  "SIGILL",
  "SIGIO",
  "SIGPROF",
  "SIGPWR",
  "SIGSEGV",
  "SIGSTKFLT",
  "SIGSYS",
  "SIGTRAP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGVTALRM",
  "SIGXCPU",
  "SIGXFSZ",
];

/** For nohup, and for what a shell's script runs in the background: what the caller ignored does not end this process. */
export function ignoreAsCaller(): void {
  const isIgnored = callersIgnored();
  for (const signal of ENDING) if (isIgnored(constants.signals[signal])) process.on(signal, () => {});
}

/** Those of the signals that the caller did not ignore. */
export function notIgnored(signals: readonly NodeJS.Signals[]): NodeJS.Signals[] {
  const isIgnored = callersIgnored();
  return signals.filter((signal) => !isIgnored(constants.signals[signal]));
}

/** What signals are passed to: a container's command, or another one in it. */
export type Signalled = Pick<Container, "kill" | "dropOutput" | "resize">;

/** Catches signals from now on, and passes them on once there is something to pass them to. */
export function catchSignals(shim: Shim, terminal: boolean) {
  const caught = notIgnored(ENDING);
  const early: NodeJS.Signals[] = [];
  let container: Signalled | undefined;
  const forward = (signal: NodeJS.Signals) => {
    if (!container) early.push(signal);
    else if (!container.kill(signal)) container.dropOutput();
  };
  const resize = () => (terminal ? container?.resize() : void container?.kill("SIGWINCH"));
  for (const signal of caught) process.on(signal, forward);
  process.on("SIGWINCH", resize);
  catchOthers(shim, forward);
  return {
    forwardTo(started: Signalled) {
      container = started;
      for (const signal of early) forward(signal);
    },
    stop() {
      for (const signal of caught) process.off(signal, forward);
      process.off("SIGWINCH", resize);
    },
  };
}

function catchOthers(shim: Shim, forward: (signal: NodeJS.Signals) => void): void {
  const isIgnored = callersIgnored();
  const realTime = Array.from({ length: SIGRTMAX - SIGRTMIN + 1 }, (_, i) => SIGRTMIN + i);
  const caught = [...OTHERS.map((signal) => constants.signals[signal]), ...realTime];
  // Also the ignored ones: Node.js has reset them.
  shim.catchSignals(caught, (signal) => {
    if (!isIgnored(signal)) forward(signalName(signal));
  });
}

/** That of node:timers/promises takes 0.3 ms to load, and most commands never wait for one. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

const UNDOING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Aborts the work at a signal, lets it undo itself, then ends by that signal, as if it had not been caught. What the work
 * prints in the end belongs to it, and is printed on another thread: a signal is seen then while a reader lets that wait.
 */
export async function undoneBySignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let received: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    received ??= signal;
    abort.abort();
  };
  const caught = notIgnored(UNDOING_SIGNALS);
  for (const signal of caught) process.on(signal, onSignal);
  try {
    return await work(abort.signal);
  } finally {
    // Node.js drops a signal that it has caught and not passed on yet when its last listener goes. It looks for those where it
    // looks for input, which the first turn does not come to if the work ended there.
    await turn();
    await turn();
    for (const signal of caught) process.off(signal, onSignal);
    if (received) process.kill(process.pid, received);
  }
}

/** Calls `leave` at a signal. The function that it returns ends that, and this process by the signal that came. */
export function leaveBySignals(leave: () => void): () => void {
  let received: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    received ??= signal;
    leave();
  };
  const caught = notIgnored(UNDOING_SIGNALS);
  for (const signal of caught) process.on(signal, onSignal);
  return () => {
    for (const signal of caught) process.off(signal, onSignal);
    if (received) process.kill(process.pid, received);
  };
}
