import { Failure } from "../failure.ts";
import { errnoWords } from "../process/errno.ts";

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
