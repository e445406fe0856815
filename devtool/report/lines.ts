import { count, duration, firstOf, size } from "./amounts.ts";
import { diagnosticLine } from "./diagnostic.ts";
import type { Event, Report } from "./events.ts";
import { printableLines, printableName } from "./printable.ts";
import type { Checked, Result } from "./results.ts";
import { RoundLine } from "./round-line.ts";
import type { Screen } from "./screen.ts";

/** Reports to people: messages on standard error, what `doctor` and `status` report on standard output. */
export function humanReport({ stdout, stderr, lineStart }: Pick<Screen, "stdout" | "stderr" | "lineStart">): Report {
  const round = new RoundLine();
  let isWatch = false;
  return (event, { target } = {}) => {
    const label = round.labelOf(target);
    const write = (text: string) => stderr.write(`${lineStart.lineBreak()}${printableLines(text)}\n`);
    const print = (text: string) => {
      for (const line of text.split("\n")) write(`devtool: ${label}${line}`);
    };
    switch (event.event) {
      case "changed":
        isWatch = true;
        round.begin(target);
        // Marks the start of a round for editors, which then collect its diagnostics.
        if (event.paths !== null) print(`changed ${firstOf(event.paths.map(printableName), NAMES_MAX)}`);
        break;
      case "bundled":
      case "synced":
        round.add(target, event.event, done(event));
        break;
      case "compiled":
        round.addStep(target, event.step, event.compiled ? duration(event.milliseconds) : undefined);
        break;
      case "started":
      case "finished":
        for (const line of round.over(target, overOf(event))) print(line);
        break;
      case "disconnected":
        print(`${event.message}; trying again`);
        if (event.remedy !== null) print(`  ${event.remedy}`);
        break;
      case "forwarded":
        print(forwardLine(event, target ?? "the target"));
        break;
      case "exited":
        // A single run exits with the command's own exit code. A shell says nothing of Ctrl-C or a closed pipe either.
        if (isWatch || !["SIGINT", "SIGPIPE", null].includes(event.signal)) print(endOf(event));
        break;
      case "diagnostic":
      case "log":
        write(event.event === "log" ? event.text : diagnosticLine(event));
        break;
      case "notice":
      case "pulled":
        print(event.event === "notice" ? event.text : pulled(event));
        break;
      case "check":
      case "status":
      case "setting":
      case "removal":
      case "difference":
        stdout.write(printableLines(resultLine(event)));
        break;
      case "failed":
        round.begin(target);
        print(event.message);
        if (event.remedy !== null) print(`  ${event.remedy}`);
        break;
      case "stage":
      case "progress":
      case "connected":
      case "responded":
      case "output":
        break;
      default:
        event satisfies never;
    }
  };
}

function done(event: Extract<Event, { event: "bundled" | "synced" }>): string {
  const took = `in ${duration(event.milliseconds)}`;
  switch (event.event) {
    case "bundled":
      return `bundled ${count(event.files, "file")} (${size(event.bytes)}) ${took}`;
    case "synced": {
      const deleted = event.deleted === 0 ? "" : `, deleted ${event.deleted}`;
      return `sent ${count(event.files, "file")} (${sentOf(event)})${deleted} ${took}`;
    }
    default:
      return event satisfies never;
  }
}

function overOf({ event, milliseconds }: Extract<Event, { event: "started" | "finished" }>): string {
  return `${event === "started" ? "started" : "done"} after ${duration(milliseconds)}`;
}

/** What is sent about small files can be more than what is in them. */
function sentOf({ bytesSent, bytesTotal }: Extract<Event, { event: "synced" }>): string {
  return bytesSent < bytesTotal ? `${size(bytesSent)} of ${size(bytesTotal)}` : size(bytesSent);
}

function forwardLine({ direction, listen, to }: Extract<Event, { event: "forwarded" }>, target: string): string {
  return direction === "forward" ? `${listen} here is ${to} on ${target}` : `${listen} on ${target} is ${to} here`;
}

function pulled({ files, bytesReceived, bytesTotal, milliseconds }: Extract<Event, { event: "pulled" }>): string {
  const received = bytesReceived < bytesTotal ? `${size(bytesReceived)} of ${size(bytesTotal)}` : size(bytesReceived);
  return `brought ${count(files, "file")} (${received}) in ${duration(milliseconds)}`;
}

function endOf({ code, signal }: Extract<Event, { event: "exited" }>): string {
  if (signal === null) return `ended with exit code ${code}`;
  const words = SIGNAL_WORDS[signal];
  return `ended by ${signal}${words ? ` (${words})` : ""}`;
}

const SIGNAL_WORDS: Readonly<Record<string, string>> = {
  SIGSEGV: "segmentation fault",
  SIGABRT: "aborted",
  SIGBUS: "bus error",
  SIGFPE: "arithmetic error",
  SIGILL: "illegal instruction",
  SIGKILL: "killed, perhaps for lack of memory",
  SIGSYS: "a system call that is not allowed",
};

function resultLine(event: Result): string {
  switch (event.event) {
    case "check":
      return checkLine(event);
    case "status":
      return `${`${event.name}:`.padEnd(12)} ${event.value ?? "-"}\n`;
    case "setting":
      return `${event.name} = ${JSON.stringify(event.value)}  (${event.origin})\n`;
    case "removal":
      return `${event.kind}: ${event.path} (${size(event.bytes)})\n`;
    case "difference":
      return `${event.change} ${printableName(event.path)}\n`;
    default:
      return event satisfies never;
  }
}

function checkLine({ ok, needed, where, name, found, remedy }: Checked): string {
  const mark = ok ? "ok     " : needed ? "MISSING" : "missing";
  const hint = ok || remedy === null ? "" : `          ${remedy}\n`;
  return `${mark} ${where}: ${name}${found === null ? "" : ` (${found})`}\n${hint}`;
}

const NAMES_MAX = 3;
