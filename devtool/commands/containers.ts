import type { Command } from "../command-line/command.ts";
import { Failure } from "../failure.ts";
import { runOnTarget } from "./on-target.ts";

/** Those of tinydocker's that devtool passes on. */
type Passed = "exec" | "ps" | "logs" | "stop" | "rm" | "stats";

/** devtool exec, ps, logs …: the command of the same name of the tinydocker that the configuration names, on the target. */
export const passedOn =
  (name: Passed): Command =>
  (call) =>
    runOnTarget(call, ({ project, target, asRoot }) => {
      if (!project || project.tinydocker.length === 0) throw notDeclared(name);
      const { tinydocker } = project;
      return {
        argv: (mirror) => ["sh", "-c", IN_MIRROR, "sh", mirror, ...tinydocker, name, ...call.words],
        asRoot: target.sudo ?? asRoot,
        variables: project,
      };
    });

/** It may be the project's own, built into the mirror. */
const IN_MIRROR = 'cd -- "$1" 2>/dev/null; shift; exec "$@"';

function notDeclared(name: string): Failure {
  return new Failure(`devtool ${name} is for targets with tinydocker, and the configuration names none`, {
    code: "usage",
    remedy: 'say how it is started there: tinydocker: ["tinydocker"] in the configuration',
    exitCode: 2,
  });
}
