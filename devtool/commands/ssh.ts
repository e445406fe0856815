import type { Command } from "../command-line/command.ts";
import { runOnTarget } from "./on-target.ts";

/** devtool ssh [CMD…]: a shell, or the command, on the target; in the mirror if it exists. One word with blanks is a shell's line. */
export const command: Command = (call) =>
  runOnTarget(call, () => ({
    argv: (mirror) => ["sh", "-c", IN_MIRROR, "sh", mirror, ...call.words],
    asRoot: false,
  }));

const IN_MIRROR = `
cd -- "$1" 2>/dev/null || echo 'devtool: the mirror is not there yet, so this is the home directory; devtool sync makes it' >&2
shift; [ $# -gt 0 ] || set -- "$SHELL" -l
case $#:$1 in 1:*[[:space:]]*) command -v "$1" >/dev/null || set -- "$SHELL" -c "$1" ;; esac
exec "$@"`;
