import { readFileSync } from "node:fs";
import { after, beforeEach } from "node:test";
import { descendants } from "./leaks.ts";
import { killIfThere } from "./processes.ts";

// Loaded before each test file: ends what waits for ever. First it names the test and kills what this process has started, which
// ends most waits: the test fails with what it says then, and cleans up. If nothing goes on after that, it ends the file.
const WAIT_MS_MAX = Number(process.env["TINYDOCKER_TEST_WAIT_MS"] ?? 300_000);

let timer: NodeJS.Timeout | undefined;

// Not in the process that runs the files.
if (process.env["NODE_TEST_CONTEXT"] !== undefined) {
  startAgain("before its first test");
  beforeEach((t) => startAgain(`in or after ${JSON.stringify(t.name)}`));
  after(() => startAgain("after its last test"));
}

function startAgain(where: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => late(where), WAIT_MS_MAX).unref();
}

function late(where: string): void {
  const started = descendants(process.pid);
  const lines = [
    `${process.argv[1]}: nothing went on for ${WAIT_MS_MAX / 1000} s ${where}`,
    `open: ${process.getActiveResourcesInfo().join(" ")}`,
    ...started.map(({ pid, name }) => `killed: ${name} ${pid}: ${commandLine(pid)}`),
  ];
  console.error(lines.join("\n  "));
  for (const { pid } of started) killIfThere(pid);
  timer = setTimeout(() => process.exit(1), WAIT_MS_MAX).unref();
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trimEnd();
  } catch {
    return "has ended";
  }
}
