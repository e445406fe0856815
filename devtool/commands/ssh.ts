import type { Command } from "../command-line/command.ts";
import { connect } from "../dev/lane.ts";
import { openTarget } from "../dev/session.ts";
import { exitCodeOf } from "../process/exit-code.ts";
import { reportOf } from "../report/origin.ts";
import { locale } from "../run/environment.ts";
import { launch } from "../run/launch.ts";
import { stream, terminalOf } from "../run/stream.ts";
import { stdioFor } from "./stdio.ts";

/** devtool ssh [CMD…]: a shell, or the command, on the target; in the mirror if it exists. */
export const command: Command = async (call) => {
  const { report, interrupts, words } = call;
  const { target, ...place } = await openTarget(call);
  const { connection, facts, mirror } = await connect(target, place, report, interrupts.signal);
  try {
    const stdio = stdioFor({ ...call, report: reportOf(report, { target: target.name }) }, true);
    const argv = ["sh", "-c", IN_MIRROR, "sh", mirror, ...words];
    const request = { argv, cwd: facts.home, env: locale(), asRoot: false, terminal: terminalOf(stdio) };
    const launched = await launch(connection, request, interrupts.signal);
    const status = await stream(launched, stdio, interrupts, interrupts.signal).finally(stdio.finish);
    return status.signal === null ? status.code : exitCodeOf(status.signal);
  } finally {
    await connection.close();
  }
};

const IN_MIRROR = 'cd -- "$1" 2>/dev/null; shift; [ $# -gt 0 ] || set -- "$SHELL" -l; exec "$@"';
