import { devtoolArgv } from "../test/rig/project.ts";
import { EMPTY_NODE } from "./empty-node.ts";
import { find } from "./peers.ts";
import { openRemote } from "./remote.ts";
import { interleave, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import type { Scope } from "./scope.ts";
import { smallProject } from "./small-project.ts";
import { startWatch } from "./watching.ts";

const BESIDE = "devtool run true, beside a watch";
const ALONE = "devtool run true, by itself";
const MULTIPLEXED = "ssh true, multiplexed";
const ROUNDS = 25;

/** What a watch of a small project is worth to a run beside it. */
export async function benchSession(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0 || !find("ssh") || !find("sshd") || !find("rsync")) return [];
  const { sshd, host, multiplexed } = await openRemote(scope);
  const [shared, other] = [await smallProject([sshd], scope), await smallProject([sshd], scope)];
  await startWatch(["node", ".devtool/main.js"], shared, scope).until("responded");
  const command = (cwd: string) => async () => await timed(() => run(devtoolArgv(["run", "true"]), { cwd }));
  const contenders = [
    { name: BESIDE, measure: command(shared) },
    { name: ALONE, measure: command(other) },
    { name: MULTIPLEXED, measure: () => timed(() => run([...multiplexed, host, "true"])) },
    EMPTY_NODE,
  ];
  return [
    {
      title: "run of `true` with nothing changed",
      results: await interleave(contenders, { rounds: ROUNDS }),
      targets: [{ ours: BESIDE, peer: MULTIPLEXED, unit: "milliseconds", atMost: 3 }],
    },
  ];
}
