import { Activity } from "./activity.ts";
import type { Report } from "./events.ts";
import type { StatusLine } from "./status-line.ts";

const TICK_MS = 100;

/** Shows what is being done on the status line. */
export function liveReport(line: Pick<StatusLine, "show">): Report {
  const activity = new Activity();
  let ticks: NodeJS.Timeout | undefined;
  const show = () => line.show(activity.text(performance.now()));
  return (event, origin = {}) => {
    activity.take(event, origin, performance.now());
    show();
    if (activity.isTimed) ticks ??= setInterval(show, TICK_MS).unref();
    else {
      clearInterval(ticks);
      ticks = undefined;
    }
  };
}
