import { Failure } from "../failure.ts";
import type { StartedAgent } from "./agent-client/greeting.ts";

/**
 * How asRoot becomes root if the login user is not: always by sudo (`sudo: true`), by sudo where it asks for no
 * password (the default), or never (`sudo: false`): asRoot then runs as the login user, as for rootless containers.
 */
export type SudoUse = "required" | "if allowed" | "never";

export function sudoUse(sudo: boolean | undefined): SudoUse {
  if (sudo === undefined) return "if allowed";
  return sudo ? "required" : "never";
}

/**
 * Where the agent as root listens; undefined if asRoot runs as the login user. @throws Failure where sudo is required
 */
export async function rootSocket(
  { hello, root }: Pick<StartedAgent, "hello" | "root">,
  sudo: SudoUse,
  where: string,
): Promise<string | undefined> {
  if (sudo === "never" || hello.facts.uid === 0) return undefined;
  const rootHello = await root;
  if ("socket" in rootHello) return rootHello.socket;
  if (sudo === "required") throw noSudo(where, rootHello.failed);
  return undefined;
}

/** Where it has requiretty, sudo has not looked at who may be root yet. */
function sudoersLine(why: string): string {
  return /have a tty/.test(why) ? "Defaults:$USER !requiretty" : "$USER ALL=(ALL) NOPASSWD: ALL";
}

export function noSudo(where: string, why: string): Failure {
  return new Failure(`no password-less sudo on ${where}: ${why}`, {
    code: "sudo-refused",
    remedy: `allow it there: echo "${sudoersLine(why)}" | sudo tee -a /etc/sudoers.d/devtool, or set sudo: false for the target`,
    exitCode: 2,
  });
}
