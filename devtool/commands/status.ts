import type { Command } from "../command-line/command.ts";
import { connect } from "../dev/lane.ts";
import { openTarget } from "../dev/session.ts";
import { Failure } from "../failure.ts";
import { reportFailure, reportOf } from "../report/events.ts";

/** devtool status: the target, how it is reached, and where the mirror is. */
export const command: Command = async (call) => {
  const { options, report, interrupts } = call;
  const { target, root } = await openTarget(call);
  report({ event: "status", name: "project", value: root });
  const ofTarget = reportOf(report, { target: target.name });
  const tell = (name: string, value: string | null) => ofTarget({ event: "status", name, value });
  tell("target", `${target.name} (${target.kind})`);
  if (target.kind === "vagrant" && !options.json) await vagrantStatus(root);
  try {
    const { connection, facts, mirror } = await connect(target, root, report, interrupts.signal);
    tell("connection", `${facts.user}, ${facts.platform}-${facts.arch}-${facts.libc}, node ${facts.node}`);
    const asked = await connection.exec(["test", "-d", mirror]);
    tell("mirror", (await asked.exited).code === 0 ? mirror : `${mirror} (not there yet)`);
    await connection.close();
    return 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    tell("connection", null);
    reportFailure(error, report);
    return 1;
  }
};

async function vagrantStatus(root: string): Promise<void> {
  const { runVagrant } = await import("../targets/vagrant/command.ts");
  await runVagrant(["status"], root);
}
