import type { Command } from "../command-line/command.ts";
import { reach } from "../dev/lane/lane.ts";
import { openTarget } from "../dev/session.ts";
import { Failure } from "../failure.ts";
import { reportFailure, reportOf } from "../report/origin.ts";
import { capture } from "../targets/capture.ts";
import type { Connection } from "../targets/target.ts";

/** devtool status: the target, how it is reached, and where the mirror is. */
export const command: Command = async (call) => {
  const { options, report, interrupts } = call;
  const { target, ...place } = await openTarget(call);
  report({ event: "status", name: "project", value: place.root });
  const targetReport = reportOf(report, { target: target.name });
  const show = (name: string, value: string | null) => targetReport({ event: "status", name, value });
  show("target", `${target.name} (${target.kind})`);
  if (target.kind === "vagrant" && options.format !== "json") await vagrantStatus(place.root);
  try {
    const { connection, facts, mirror, refused, runsAs } = await reach(target, place, report, interrupts.signal);
    show(
      "connection",
      `${facts.user}, ${facts.platform}-${facts.arch}-${facts.libc}, ${facts.node === null ? "no Node.js" : `node ${facts.node}`}`,
    );
    show("runs as", runsAs);
    show("mirror", refused ? null : await mirrorWords(connection, mirror));
    await connection.close();
    if (refused) reportFailure(refused, report);
    return refused?.exitCode ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    show("connection", null);
    reportFailure(error, report);
    return error.exitCode;
  }
};

async function mirrorWords(connection: Connection, mirror: string): Promise<string> {
  const { status } = await capture(connection, ["test", "-d", mirror]);
  return status.code === 0 ? mirror : `${mirror} (not created yet)`;
}

async function vagrantStatus(root: string): Promise<void> {
  const { runVagrant } = await import("../targets/vagrant/command.ts");
  await runVagrant(["status"], root);
}
