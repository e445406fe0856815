import { Failure } from "../failure.ts";
import { errnoWords } from "../process/errno.ts";
import { installRemedy } from "./install-remedy.ts";

/** The project's bundle needs Node.js on the target. */
export function nodeMissing(where: string): Failure {
  return new Failure(`${where} has no Node.js 20.19 or newer, which the bundle needs`, {
    code: "node-missing",
    remedy: "install it: devtool provision, or --provision; or name it in the target's settings: node",
    exitCode: 2,
  });
}

/** A process did not start: its directory can't be entered, or its command can't be executed. Exit codes as a shell's. */
export function startFailure(
  { argv, cwd }: { readonly argv: readonly string[]; readonly cwd?: string | undefined },
  where: string,
  { step, errno }: { readonly step: "chdir" | "exec"; readonly errno: string },
): Failure {
  const [command = ""] = argv;
  if (step === "chdir") {
    return new Failure(`can't enter ${cwd} on ${where}: ${errnoWords(errno)}`, { code: "process-not-started" });
  }
  if (errno !== "ENOENT") {
    const code = "process-not-started";
    return new Failure(`can't start ${command} on ${where}: ${errnoWords(errno)}`, { code, exitCode: 126 });
  }
  const remedy = command.includes("/") ? "check its path: it runs in the mirror" : installRemedy(command);
  return new Failure(`${where} has no ${command}`, { code: "command-not-found", remedy, exitCode: 127 });
}
