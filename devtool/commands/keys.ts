import type { Call } from "../command-line/command.ts";
import type { Controls } from "../dev/controls.ts";
import { isInForeground } from "../process/foreground.ts";
import type { Interrupts } from "../process/interrupts.ts";
import { enterRawMode } from "../process/raw-mode.ts";
import type { Event, Report } from "../report/events.ts";

type Terminal = Pick<NodeJS.ReadStream, "isTTY" | "setRawMode" | "on" | "resume" | "pause">;

/** To a target; one that is lost is being opened again. */
type Connection = "opening" | "open" | "lost";

const HELP = "r: run again, p: pause, q: quit";
const PAUSED = "paused, p: go on, r: run again, q: quit";

/**
 * Acts on single keys on the terminal while a target is connected, once none is connected to for the first time: a
 * passphrase may be asked for on it.
 * Returns the report to use in place of `report`.
 */
export function readKeys(
  terminal: Terminal,
  controls: Controls,
  interrupts: Pick<Interrupts, "quit">,
  { report, screen }: Pick<Call, "report" | "screen">,
): Report {
  if (!terminal.isTTY) return report;
  const targets = new Map<string | undefined, Connection>();
  let wasTold = false;
  let mayListen = false;
  let leave = () => {};
  const pause = () => {
    leave();
    terminal.pause();
  };
  const stop = () => {
    mayListen = false;
    pause();
  };
  const start = async () => {
    mayListen = true;
    if (!(await isInForeground()) || !mayListen) return;
    leave();
    leave = enterRawMode(terminal);
    terminal.resume();
    if (!wasTold) report({ event: "notice", text: HELP });
    wasTold = true;
  };
  terminal.pause(); // a listener would make it flow
  terminal.on("data", (typed: Buffer) => {
    for (const key of typed.toString()) press(key);
  });
  const press = (key: string) => {
    if (key === "r") controls.runAgain();
    else if (key === "q") interrupts.quit();
    else if (key === "\x03")
      process.kill(process.pid, "SIGINT"); // as it would be without raw mode
    else if (key === "\x1a") {
      pause();
      process.kill(0, "SIGTSTP"); // to all that a shell has started with this process
    } else if (key === "p") {
      controls.togglePause();
      report({ event: "notice", text: controls.isPaused ? PAUSED : "goes on" });
      screen.line?.pin(controls.isPaused ? `devtool: ${PAUSED}` : "");
    }
  };
  process.on("SIGCONT", () => {
    terminal.pause(); // a shell may have put this process into the background
    if (mayListen) void start();
  });
  return (event, origin) => {
    report(event, origin);
    const before = targets.get(origin?.target);
    const now = connectionAfter(event, before);
    if (now === undefined || now === before) return;
    targets.set(origin?.target, now);
    const all = [...targets.values()];
    const shouldListen = all.includes("open") && !all.includes("opening");
    if (shouldListen && !mayListen) void start();
    else if (!shouldListen && mayListen) stop();
  };
}

function connectionAfter(event: Event, before: Connection | undefined): Connection | undefined {
  if (event.event === "connected") return "open";
  if (event.event === "disconnected") return "lost";
  return event.event === "stage" && event.stage === "connect" ? (before ?? "opening") : before;
}
