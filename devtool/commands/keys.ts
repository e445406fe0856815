import type { Controls } from "../dev/controls.ts";
import type { Interrupts } from "../process/interrupts.ts";
import type { Report } from "../report/events.ts";

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
  const listen = (listens: boolean) => {
    terminal.setRawMode(listens);
    if (listens) terminal.resume();
    else terminal.pause();
  };
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
  process.once("exit", () => terminal.setRawMode(false));
  return (event, origin) => {
    report(event, origin);
    if ((event.event === "stage" && event.stage === "connect") || event.event === "disconnected") listen(false);
    if (event.event !== "connected") return;
    listen(true);
    if (!wasTold) report({ event: "notice", text: HELP });
    wasTold = true;
  };
}
