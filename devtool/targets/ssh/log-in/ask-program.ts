import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../../../failure.ts";

const run = promisify(execFile);

/** A program that asks a person, as ssh(1) has it: SSH_ASKPASS. */
export interface AskProgram {
  readonly path: string;
  /** Whether it asks where there is a terminal too. */
  readonly isPreferred: boolean;
}

export function askProgram(env: NodeJS.ProcessEnv = process.env): AskProgram | undefined {
  const path = env["SSH_ASKPASS"];
  const required = env["SSH_ASKPASS_REQUIRE"]?.toLowerCase();
  const hasDisplay = Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
  if (!path || required === "never" || !(hasDisplay || required === "force")) return undefined;
  return { path, isPreferred: required === "force" || required === "prefer" };
}

/** Resolves to its answer, or undefined once it is withdrawn. @throws Failure where it gives none */
export async function askBy({ path }: AskProgram, prompt: string, withdrawn: AbortSignal): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, [prompt], { signal: withdrawn });
    return stdout.split(/\r?\n/, 1)[0];
  } catch (error) {
    if (withdrawn.aborted) return undefined;
    throw new Failure(`${path} (SSH_ASKPASS) gave no answer`, {
      code: "login-refused",
      remedy: "answer it, or unset SSH_ASKPASS to be asked on the terminal",
      exitCode: 2,
      cause: error,
    });
  }
}
