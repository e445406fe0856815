import { Failure } from "../failure.ts";

/**
 * How asRoot becomes root where the login user isn't: by sudo or not at all (`sudo: true`), by sudo where it asks for
 * no password (said nothing), or never (`sudo: false`): then the login user does it, as in rootless containers.
 */
export type SudoUse = "required" | "if allowed" | "never";

export function sudoUse(sudo: boolean | undefined): SudoUse {
  if (sudo === undefined) return "if allowed";
  return sudo ? "required" : "never";
}

export function noSudo(where: string, said: string): Failure {
  return new Failure(`no password-less sudo on ${where}: ${said}`, {
    code: "sudo-refused",
    remedy:
      'allow it there: echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/devtool, or set sudo: false for the target',
    exitCode: 2,
  });
}
