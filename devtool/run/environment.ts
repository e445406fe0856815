import { constants, openSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { parseEnv } from "node:util";
import { Failure } from "../failure.ts";
import { withoutMark } from "../process/byte-order-mark.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";
import { locale } from "./locale.ts";

export interface EnvironmentSettings {
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of a file here. */
  readonly envFile: string | undefined;
}

/**
 * The variables of the project's command: this machine's locale, the file's, the configuration's. @throws Failure, or the
 * signal's reason
 */
export async function programEnvironment(
  { env, envFile }: EnvironmentSettings,
  signal: AbortSignal,
  own = locale(),
): Promise<Record<string, string>> {
  return { ...own, ...(envFile === undefined ? {} : await readEnvFile(envFile, signal)), ...env };
}

async function readEnvFile(file: string, signal: AbortSignal): Promise<Record<string, string>> {
  const content = await readText(file, signal);
  const line = malformedLine(content);
  if (line === undefined) return parseEnv(content) as Record<string, string>;
  throw new Failure(`${file}:${line}: a line must be NAME=value, or a comment that begins with #`, {
    code: "config-invalid",
    exitCode: 2,
  });
}

/** A value in quotes may have several lines; src/node_dotenv.cc. */
const QUOTED = /^([^\n#=]*=[ \t]*)(["'`])[\s\S]*?\2/gm;
const VALID = /^\s*(#.*|(export\s+)?[^\s=#]+\s*=.*)?$/;

/** The number of the first line that Node.js would pass over without a word. A message must not show what is in it. */
function malformedLine(content: string): number | undefined {
  const unquoted = content.replace(
    QUOTED,
    (text, start: string) => start + text.replace(/[^\n]/g, "").replaceAll("\n", "\n#"),
  );
  const at = unquoted.split("\n").findIndex((line) => !VALID.test(line.replace(/\r$/, "")));
  return at < 0 ? undefined : at + 1;
}

async function readText(file: string, signal: AbortSignal): Promise<string> {
  try {
    return withoutMark(statSync(file).isFIFO() ? await readPipe(file, signal) : await readFile(file, "utf8"));
  } catch (error) {
    if (error === signal.reason || error instanceof Failure) throw error;
    throw new Failure(`can't read envFile ${file}: ${errnoWords(errnoOf(error) ?? String(error))}`, {
      code: "config-invalid",
      remedy: "create it, or remove envFile from the configuration",
      exitCode: 2,
      cause: error,
    });
  }
}

/** Long enough for a person whom a keeper of secrets asks before it writes. */
const PIPE_MS = 60_000;
let lastRead: Promise<unknown> = Promise.resolve();

/** One at a time: of two readers at once, one would get what the writer means for both. */
async function readPipe(file: string, signal: AbortSignal): Promise<string> {
  const read = lastRead.catch(() => {}).then(() => readWhatIsWritten(file, signal));
  lastRead = read;
  return await read;
}

/** An open that waits for a writer could not be ended. */
async function readWhatIsWritten(file: string, signal: AbortSignal): Promise<string> {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const late = AbortSignal.timeout(PIPE_MS);
  const socket = new Socket({ fd, readable: true, writable: false, signal: AbortSignal.any([signal, late]) });
  try {
    return await text(socket);
  } catch (error) {
    signal.throwIfAborted();
    if (!late.aborted) throw error;
    throw new Failure(`envFile ${file} is a named pipe, and nothing was written to it in ${PIPE_MS / 1_000} s`, {
      code: "config-invalid",
      remedy: "start the program that writes to it",
      exitCode: 2,
    });
  }
}
