import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../../../failure.ts";
import type { SshOptions } from "./file.ts";
import type { HostSpec } from "./host-spec.ts";

const run = promisify(execFile);
/** It runs the commands of Match exec, which may try whether a host answers. */
const SSH_DEADLINE_MS = 60_000;

/** Returns undefined where OpenSSH is not installed. @throws Failure with its error message */
export async function askOpenSsh(
  spec: HostSpec,
  file: string | undefined,
  deadlineMs = SSH_DEADLINE_MS,
): Promise<SshOptions | undefined> {
  const args = ["-G"];
  if (file !== undefined) args.push("-F", file);
  if (spec.user !== undefined) args.push("-l", spec.user);
  if (spec.port !== undefined) args.push("-p", String(spec.port));
  try {
    const { stdout } = await run("ssh", [...args, "--", spec.host], { timeout: deadlineMs });
    return parseOptions(stdout);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    if (error instanceof Error && "killed" in error && error.killed === true) throw tooSlow(spec, deadlineMs);
    const errors = error instanceof Error && "stderr" in error ? withoutReturns(String(error.stderr)) : String(error);
    throw new Failure(`ssh refuses its configuration for ${spec.host}: ${errors}`, {
      code: "ssh-config-invalid",
      remedy: `mend what it names; ssh -G ${spec.host} checks it`,
      exitCode: 2,
      cause: error,
    });
  }
}

function tooSlow({ host }: HostSpec, deadlineMs: number): Failure {
  return new Failure(`ssh did not read its configuration for ${host} within ${deadlineMs / 1000} s`, {
    code: "ssh-config-invalid",
    remedy: `look for a command of Match exec that does not end: ssh -v -G ${host}`,
    exitCode: 2,
  });
}

/** What ssh ends its lines with for a terminal in raw mode. */
function withoutReturns(text: string): string {
  return text.replace(/\r$/gm, "").trim();
}

function parseOptions(text: string): SshOptions {
  const options = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const space = line.indexOf(" ");
    if (space === -1) continue;
    const keyword = line.slice(0, space);
    options.set(keyword, [...(options.get(keyword) ?? []), line.slice(space + 1)]);
  }
  return options;
}
