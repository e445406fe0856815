import type { Report } from "./events.ts";
import { githubReport } from "./github.ts";
import { jsonReport } from "./json.ts";
import { humanReport } from "./lines.ts";
import { createSarifLog } from "./sarif.ts";

export const FORMATS = ["human", "json", "sarif", "github"] as const;
export type Format = (typeof FORMATS)[number];

/** Where reports go: messages for people to standard error, all else to standard output. */
interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export interface Output {
  readonly report: Report;
  /** Prints what can only be printed once everything was reported. */
  readonly finish: () => void;
}

export function openOutput(format: Format, streams: Streams): Output {
  const nothing = () => {};
  switch (format) {
    case "human":
      return { report: humanReport(streams), finish: nothing };
    case "json":
      return { report: jsonReport(streams), finish: nothing };
    case "github":
      return { report: both(humanReport(streams), githubReport(streams)), finish: nothing };
    case "sarif": {
      const log = createSarifLog();
      return {
        report: both(humanReport(streams), log.report),
        finish: () => void streams.stdout.write(`${JSON.stringify(log.document(), null, 2)}\n`),
      };
    }
    default:
      return format satisfies never;
  }
}

function both(first: Report, second: Report): Report {
  return (event, origin) => {
    first(event, origin);
    second(event, origin);
  };
}
