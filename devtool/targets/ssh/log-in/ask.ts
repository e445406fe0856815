import { closeSync, openSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";
import { enterRawMode } from "../../../process/raw-mode.ts";
import { askBy, askProgram } from "./ask-program.ts";

/**
 * Resolves to the answer, or undefined when there is no terminal to ask on. Rejects when interrupted. Without
 * `echo` the answer is not shown.
 */
export type Ask = (prompt: string, echo: boolean) => Promise<string | undefined>;

const INTERRUPT = "\x03";
const END_OF_FILE = "\x04";
/** Ctrl-U, which the terminal itself would obey outside raw mode. */
const ERASE_LINE = "\x15";
const ANSWER_LENGTH_MAX = 4096;

let lastQuestion: Promise<unknown> = Promise.resolve();

/**
 * One question after the other, on the controlling terminal, so that stdin may be a pipe; on Windows, which has none, on
 * stdin's console; or by the program that the environment names for that. `withdrawn`: nobody waits for an answer any more.
 */
export function askPerson(withdrawn: AbortSignal): Ask {
  return (prompt, echo) => {
    const answer = lastQuestion.then(() => askNow(prompt, echo, withdrawn));
    lastQuestion = answer.catch(() => {}); // its own caller gets the error
    return answer;
  };
}

async function askNow(prompt: string, echo: boolean, withdrawn: AbortSignal): Promise<string | undefined> {
  if (withdrawn.aborted) return undefined;
  const program = askProgram();
  const terminal = program?.isPreferred ? undefined : openTerminal();
  if (!terminal) return program && (await askBy(program, prompt, withdrawn));
  const { input, output, close } = terminal;
  // Raw mode first: what is typed before the prompt appears must not be echoed either.
  const leave = enterRawMode(input);
  try {
    output.write(prompt);
    return await readAnswer(input, (text) => echo && output.write(text), withdrawn);
  } finally {
    leave();
    output.write("\r\n");
    close();
  }
}

function openTerminal(): { input: ReadStream; output: WriteStream; close(): void } | undefined {
  if (process.platform === "win32") {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
    return {
      input: process.stdin as ReadStream,
      output: process.stderr as WriteStream,
      close: () => process.stdin.pause(),
    };
  }
  let fd: number;
  try {
    fd = openSync("/dev/tty", "r+");
  } catch {
    return undefined;
  }
  try {
    const input = new ReadStream(fd);
    const output = new WriteStream(openSync("/dev/tty", "r+"));
    return { input, output, close: () => [input, output].forEach((stream) => void stream.destroy()) };
  } catch {
    closeSync(fd);
    return undefined;
  }
}

/** Resolves to undefined once it is withdrawn. */
function readAnswer(
  input: ReadStream,
  show: (text: string) => void,
  withdrawn: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const done = (settle: () => void) => {
      input.off("data", typed);
      withdrawn.removeEventListener("abort", withdraw);
      settle();
    };
    const erase = (count: number) => {
      const characters = [...answer];
      const kept = characters.slice(0, -count);
      show("\b \b".repeat(characters.length - kept.length));
      answer = kept.join("");
    };
    const withdraw = () => done(() => resolve(undefined));
    withdrawn.addEventListener("abort", withdraw, { once: true });
    const typed = (text: string | Buffer) => {
      for (const character of text.toString()) {
        if (character === INTERRUPT) {
          process.emit("SIGINT", "SIGINT"); // as it would be without raw mode
          return done(() => reject(new Error("interrupted")));
        }
        if (character === "\r" || character === "\n" || character === END_OF_FILE) return done(() => resolve(answer));
        if (character === ERASE_LINE) erase([...answer].length);
        else if (character === "\x7f" || character === "\b") erase(1);
        else if (answer.length < ANSWER_LENGTH_MAX) {
          answer += character;
          show(character);
        }
      }
    };
    input.setEncoding("utf8").on("data", typed).on("error", reject);
  });
}
