import { writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Command } from "../command-line/command.ts";
import { projectRoot } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";
import { count } from "../report/amounts.ts";
import { tracePage } from "../trace/page.ts";
import type { RoundTrace } from "../trace/round.ts";
import { kept, traceFile } from "../trace/store.ts";
import { savesIn, summarize } from "../trace/summary.ts";
import { NO_OUTPUT, traceText } from "../trace/text.ts";

/** devtool trace [FILE.html]: where the time of the last rounds went. */
export const command: Command = async ({ options, words: [page, ...rest], report }) => {
  if (rest.length > 0) throw refused(`devtool trace takes one file, got ${JSON.stringify(rest[0])} as well`);
  const root = (await projectRoot(options.config, process.cwd())) ?? process.cwd();
  const rounds = kept(traceFile(root));
  if (rounds.length === 0) {
    throw new Failure(`no round of ${root} has been traced`, {
      code: "trace-empty",
      remedy: "devtool watch and devtool run trace what they do",
    });
  }
  if (page !== undefined) await writePage(page, basename(root), rounds);
  else if (options.format === "json") for (const round of rounds) process.stdout.write(`${JSON.stringify(round)}\n`);
  else process.stdout.write(traceText(rounds, process.stdout.columns ?? 100));
  if (page !== undefined)
    report({ event: "notice", text: `wrote ${page}: ${count(savesIn(rounds), "round")}, ${medianOf(rounds)}` });
  return 0;
};

async function writePage(page: string, project: string, rounds: readonly RoundTrace[]): Promise<void> {
  try {
    await writeFile(resolve(page), tracePage(project, rounds));
  } catch (error) {
    throw refused(`can't write ${page}: ${errnoWords(errnoOf(error) ?? String(error))}`);
  }
}

function medianOf(rounds: readonly RoundTrace[]): string {
  const total = summarize(rounds).at(-1);
  return total ? `median ${Math.round(total.p50)} ms` : NO_OUTPUT;
}

function refused(message: string): Failure {
  return new Failure(message, { code: "usage", exitCode: 2 });
}
