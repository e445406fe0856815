import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";

export interface EnvironmentSettings {
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of a file here. */
  readonly envFile: string | undefined;
}

/** The variables of the project's command: this machine's locale, the file's, the configuration's. @throws Failure */
export async function programEnvironment({ env, envFile }: EnvironmentSettings): Promise<Record<string, string>> {
  return { ...locale(), ...(envFile === undefined ? {} : await readEnvFile(envFile)), ...env };
}

/** LANG and LC_*, as OpenSSH's SendEnv sends them. macOS has an LC_CTYPE that no other system knows. */
export function locale(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const own = Object.entries(env).filter(
    ([name, value]) => /^(?:LANG|LC_\w+)$/.test(name) && value && value !== "UTF-8",
  );
  return Object.fromEntries(own) as Record<string, string>;
}

async function readEnvFile(file: string): Promise<Record<string, string>> {
  try {
    return parseEnv(await readFile(file, "utf8")) as Record<string, string>;
  } catch (error) {
    throw new Failure(`can't read envFile ${file}: ${errnoWords(errnoOf(error) ?? String(error))}`, {
      code: "config-invalid",
      remedy: "create it, or remove envFile from the configuration",
      exitCode: 2,
      cause: error,
    });
  }
}
