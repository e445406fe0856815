import { readFile } from "node:fs/promises";
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

/** The variables of the project's command: this machine's locale, the file's, the configuration's. @throws Failure */
export async function programEnvironment(
  { env, envFile }: EnvironmentSettings,
  own = locale(),
): Promise<Record<string, string>> {
  return { ...own, ...(envFile === undefined ? {} : await readEnvFile(envFile)), ...env };
}

async function readEnvFile(file: string): Promise<Record<string, string>> {
  const content = await readText(file);
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

async function readText(file: string): Promise<string> {
  try {
    return withoutMark(await readFile(file, "utf8"));
  } catch (error) {
    throw new Failure(`can't read envFile ${file}: ${errnoWords(errnoOf(error) ?? String(error))}`, {
      code: "config-invalid",
      remedy: "create it, or remove envFile from the configuration",
      exitCode: 2,
      cause: error,
    });
  }
}
