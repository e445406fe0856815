import { Failure } from "../failure.ts";
import { errnoWords } from "../process/errno.ts";

/** The project's bundle needs Node.js on the target. */
export function nodeMissing(where: string): Failure {
  return new Failure(`${where} has no Node.js 20.19 or newer, which the bundle needs`, {
    code: "node-missing",
    remedy: "install it: devtool provision, or --provision; or name it in the target's settings: node",
    exitCode: 2,
  });
}

/** A process did not start: its directory can't be entered, or its command can't be executed. */
export function startFailure(
  { argv, cwd }: { readonly argv: readonly string[]; readonly cwd?: string | undefined },
  where: string,
  { step, errno }: { readonly step: "chdir" | "exec"; readonly errno: string },
): Failure {
  const [command = ""] = argv;
  if (step === "chdir") {
    return new Failure(`can't enter ${cwd} on ${where}: ${errnoWords(errno)}`, { code: "process-not-started" });
  }
  if (errno !== "ENOENT" || command.includes("/")) {
    return new Failure(`can't start ${command} on ${where}: ${errnoWords(errno)}`, { code: "process-not-started" });
  }
  return new Failure(`${where} has no ${command}`, {
    code: "command-not-found",
    remedy: "install it there: devtool provision, or --provision",
    exitCode: 2,
  });
}
