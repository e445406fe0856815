import type { Controls } from "../dev/controls.ts";
import { isInForeground } from "../process/foreground.ts";
import type { Interrupts } from "../process/interrupts.ts";
import type { Event, Report } from "../report/events.ts";

type Terminal = Pick<NodeJS.ReadStream, "isTTY" | "setRawMode" | "on" | "resume" | "pause">;

const HELP = "r: run again, p: pause, q: quit";

/**
 * Acts on single keys on the terminal, from when a target is connected: before, a passphrase may be asked for on it.
 * Returns the report to use in place of `report`.
 */
export function readKeys(
  terminal: Terminal,
  controls: Controls,
  interrupts: Pick<Interrupts, "quit">,
  report: Report,
): Report {
  if (!terminal.isTTY) return report;
  let wasTold = false;
  let mayListen = false;
  const stop = () => {
    mayListen = false;
    terminal.setRawMode(false);
    terminal.pause();
  };
  const start = async () => {
    mayListen = true;
    if (!(await isInForeground()) || !mayListen) return;
    terminal.setRawMode(true);
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
    else if (key === "p") {
      controls.togglePause();
      report({ event: "notice", text: controls.isPaused ? "paused; p: go on" : "goes on" });
    }
  };
  process.once("exit", () => mayListen && terminal.setRawMode(false));
  return (event, origin) => {
    report(event, origin);
    if (event.event === "connected") void start();
    else if (mayListen && (isConnecting(event) || event.event === "disconnected")) stop();
  };
}

function isConnecting(event: Event): boolean {
  return event.event === "stage" && event.stage === "connect";
}
