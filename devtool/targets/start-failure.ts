import { Failure } from "../failure.ts";
import { errnoWords } from "../process/errno.ts";
import { installRemedy } from "./install-remedy.ts";

/** The project's bundle needs Node.js on the target. */
export function nodeMissing(where: string): Failure {
  return new Failure(`${where} has no Node.js 20.19 or newer, which the bundle needs`, {
    code: "node-missing",
    remedy:
      "install it: devtool provision, or run and watch with --provision; or name it in the target's settings: node",
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
    return new Failure(`can't enter ${cwd} on ${where}: ${errnoWords(errno)}`, {
      code: MISSING.includes(errno) ? "directory-missing" : "process-not-started",
      ...remedyIn(CHDIR_REMEDIES, errno),
    });
  }
  if (errno !== "ENOENT") {
    return new Failure(`can't start ${command} on ${where}: ${errnoWords(errno)}`, {
      code: "process-not-started",
      ...remedyIn(EXEC_REMEDIES, errno),
      exitCode: 126,
    });
  }
  const remedy = missingRemedy(command);
  return new Failure(`${where} has no ${command}`, { code: "command-not-found", remedy, exitCode: 127 });
}

function missingRemedy(command: string): string {
  if (/\s|^\w+=/.test(command)) return "no shell reads the command: sh -c 'LINE' has one that does";
  return command.includes("/") ? "check its path: it runs in the mirror" : installRemedy(command);
}

const MISSING = ["ENOENT", "ENOTDIR", "ESTALE"];

const CHDIR_REMEDIES: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "sync again: devtool sync; where it is a build step's, check its folder in the configuration"],
  ["ESTALE", "sync again: devtool sync"],
  [
    "ELOOP",
    "remove the link; or, where mirrors are to be on another disk, name a folder there in the configuration: `mirror` of the target",
  ],
  ["ENOTDIR", "remove what has its name there, or name another folder in the configuration"],
  ["EACCES", "let the user that the command runs as enter it and the folders above it, or name another mirror"],
]);

const EXEC_REMEDIES: ReadonlyMap<string, string> = new Map([
  ["EACCES", "make it executable here, chmod +x; if it is, check that its file system there is not mounted noexec"],
  ["ENOEXEC", "begin a script with #!/bin/sh or the like; a program must be compiled for the target's processor"],
  [
    "ELIBACC",
    "of a script check the program after #!, and that this line ends in LF, not CR LF (git: *.sh text eol=lf in .gitattributes); another program needs the loader that it was linked for",
  ],
  ["E2BIG", "pass less: its arguments and environment variables are longer than Linux allows"],
  ["EAGAIN", "end processes there, or raise the limit: ulimit -u"],
  ["ENOMEM", "end processes there that need much memory"],
]);

function remedyIn(remedies: ReadonlyMap<string, string>, errno: string): { readonly remedy?: string } {
  const remedy = remedies.get(errno);
  return remedy === undefined ? {} : { remedy };
}
