import { setTimeout as delay } from "node:timers/promises";
import { isSettled } from "../process/settled.ts";
import type { Report } from "../report/events.ts";
import type { Lane } from "./lane/lane.ts";
import type { Prepared } from "./prepare.ts";

/** Behind the first lane, until a person is told. */
const LATE_MS = 5_000;

/** Says once in a session that a lane is late, until `done`: another one has long started what it starts. */
export function tellLate({ firstDone }: Prepared, lane: Lane, report: Report, done: AbortSignal): void {
  const { target, news, connections } = lane;
  const text = `it is 5 s behind another target, which goes on meanwhile; this one gets what was saved last. How fast it is: devtool doctor --target ${target}`;
  const tell = async () => {
    // Of one that is connected to again that is said.
    if (!(await isSettled(connections.current()))) return;
    for (const fresh of news.of([text], [])) report({ event: "notice", text: fresh }, { target });
  };
  firstDone.then(() => delay(LATE_MS, undefined, { signal: done, ref: false })).then(tell, () => {});
}
