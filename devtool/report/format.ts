import type { Report } from "./events.ts";
import { githubReport } from "./github.ts";
import { jsonReport } from "./json.ts";
import { humanReport } from "./lines.ts";
import { liveReport } from "./live.ts";
import { onceForAll } from "./once-for-all.ts";
import { createSarifLog } from "./sarif.ts";
import type { Screen } from "./screen.ts";

export const FORMATS = ["human", "json", "sarif", "github"] as const;
export type Format = (typeof FORMATS)[number];

export interface Output {
  readonly report: Report;
  /** Prints what can only be printed once everything was reported. */
  readonly finish: () => void;
}

/** What a report is printed to. */
type Shown = Pick<Screen, "stdout" | "stderr" | "line" | "lineStart">;

/** Messages for people go to standard error, all else to standard output. */
export function openOutput(format: Format, screen: Shown): Output {
  const nothing = () => {};
  switch (format) {
    case "human":
      return { report: forPeople(screen), finish: nothing };
    case "json":
      return { report: jsonReport(screen), finish: nothing };
    case "github":
      return { report: both(forPeople(screen), onceForAll(githubReport(screen))), finish: nothing };
    case "sarif": {
      const log = createSarifLog();
      return {
        report: both(forPeople(screen), onceForAll(log.report)),
        finish: () => void screen.stdout.write(`${JSON.stringify(log.document(), null, 2)}\n`),
      };
    }
    default:
      return format satisfies never;
  }
}

function forPeople(screen: Shown): Report {
  const lines = humanReport(screen);
  return screen.line ? both(liveReport(screen.line), lines) : lines;
}

function both(first: Report, second: Report): Report {
  return (event, origin) => {
    first(event, origin);
    second(event, origin);
  };
}
