import { Failure, type FailureCode } from "../../../failure.ts";
import type { SshSettings } from "../config/settings.ts";

/** What ssh prints → the code. The first that matches counts. */
const CODES: readonly (readonly [RegExp, FailureCode])[] = [
  [/HAS CHANGED/, "host-key-changed"],
  [/revoked/i, "host-key-revoked"],
  [/Host key verification failed|No .* host key is known/, "host-key-unknown"],
  [/Could not resolve|Connection refused|timed out|No route to host|unreachable/i, "target-unreachable"],
  [/no matching|banner exchange|kex_exchange|Bad packet/i, "handshake-failed"],
  [/Bad configuration|terminating, \d+ bad/i, "ssh-config-invalid"],
];
/** Lines that only decorate a warning. */
const DECORATION = /^[@\s]*$|^@.*@$/;
const LINES_MAX = 4;

/** ssh did not log in; `lines` is what it printed. */
export function openSshFailure({ hostName, port, alias }: SshSettings, lines: readonly string[]): Failure {
  const text = lines.join("\n");
  const said = [...new Set(lines)].filter((line) => !DECORATION.test(line)).slice(-LINES_MAX);
  return new Failure(`ssh can't log in on ${hostName}:${port}: ${said.join(" ") || "it ended without a message"}`, {
    code: CODES.find(([pattern]) => pattern.test(text))?.[1] ?? "login-refused",
    remedy: `see what it asks for and reports: ssh -v ${alias}`,
    exitCode: 2,
  });
}
