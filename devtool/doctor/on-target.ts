import { dirname } from "node:path/posix";
import type { Project } from "../config/project.ts";
import { mirrorPath } from "../dev/lane/mirror.ts";
import { WRONG_PROGRAM, type WrongProgram, wrongPrograms } from "../dev/lane/named-programs.ts";
import { Failure } from "../failure.ts";
import type { Check } from "../report/results.ts";
import { capture } from "../targets/capture.ts";
import { installRemedy } from "../targets/install-remedy.ts";
import type { Connection, Target } from "../targets/target.ts";
import { DISK_PROBE, diskCheck } from "./disk.ts";
import { nodeCheck } from "./here.ts";
import { KERNEL_PROBE, kernelChecks } from "./kernel.ts";
import { linkChecks } from "./link.ts";

/** What a project needs of a target. */
type Needs = Pick<Project, "bundle" | "steps" | "run">;

/** Checks what the project needs there; without a project, what any does. */
export async function checkTarget(target: Target, needs: Needs | undefined, signal: AbortSignal): Promise<Check[]> {
  const check = { where: target.name, name: "connection", needed: true };
  try {
    const connection = await target.connect(signal);
    try {
      return [{ ...check, ok: true, found: null, remedy: null }, ...(await checks(target, connection, needs, signal))];
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [{ ...check, ok: false, found: error.message, remedy: error.remedy ?? null }];
  }
}

async function checks(
  target: Target,
  connection: Connection,
  needs: Needs | undefined,
  signal: AbortSignal,
): Promise<Check[]> {
  const rsync = target.settings?.rsync ?? "rsync";
  const programs = [rsync, ...(needs ? programsOf(needs) : [])];
  const facts = await connection.facts();
  const where = target.name;
  const { mirror: folder } = target.settings ?? {};
  const mirrors = dirname(mirrorPath({ facts, target: where, folder }, "/"));
  const found = await probe(connection, mirrors, programs, signal);
  const wrong = await wrongPrograms(target.settings, connection, signal);
  const provision = `devtool provision --target ${where}`;
  const check = (name: string, needed: boolean, remedy: string, value = found.get(name)): Check => {
    return { where, name, ok: Boolean(value), needed, found: value || null, remedy };
  };
  return [
    ...wrong.map((one) => settingCheck(where, one)),
    linuxCheck(where, found.get("kernel") ?? ""),
    ...(needs?.bundle ? [nodeCheck(where, facts.node ?? "", installRemedy("node", provision))] : []),
    ...programs
      .filter((program) => !wrong.some(({ path }) => path === program))
      .map((program) => check(program, true, installRemedy(program, provision))),
    ...(programs.some((program) => COMPILER.test(program))
      ? [check("the C library's headers", true, installRemedy("gcc", provision), found.get("headers"))]
      : []),
    check("root, or sudo without a password", false, SUDO, found.get("root")),
    diskCheck(where, found.get("disk") ?? ""),
    ...(await linkChecks(where, connection, signal)),
    ...(needs && runsContainers(needs) ? kernelChecks(where, found) : []),
  ];
}

const COMPILER = /(?:^|\/)(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)$/;

/** Of a program that the target's settings name, and that is not there, or another one. */
function settingCheck(where: string, { field, path, why }: WrongProgram): Check {
  const found = why === "is not Node.js" ? why : null;
  return { where, name: `\`${field}\`, ${path}`, ok: false, needed: true, found, remedy: WRONG_PROGRAM };
}

function linuxCheck(where: string, kernel: string): Check {
  const remedy = "devtool's programs run on Linux: choose another target";
  return { where, name: "Linux", ok: kernel.startsWith("Linux "), needed: true, found: kernel || null, remedy };
}

/** Those that are looked up in the PATH. Node.js has a check of its own. */
function programsOf({ steps, run: [command = ""], bundle }: Needs): string[] {
  const all = [...steps.flat().flatMap(({ programs }) => programs), command];
  return [...new Set(all)].filter((name) => name !== "" && !name.includes("/") && !(bundle && name === "node"));
}

/** Prints one `NAME VALUE` per line; the value of what is missing is empty. Its arguments: the mirrors' folder, and programs. */
const PROBE = `
mirrors=$1; shift
PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin
first() { "$@" 2>/dev/null </dev/null | head -n 1 | tr -cd '[:print:]'; }
for program; do
  path=$(command -v "$program" 2>/dev/null)
  case $path:\${program##*/} in
  :*) echo "$program " ;;
  *:gcc | *:g++ | *:clang | *:clang++) echo "$program $(first "$program" -dumpversion)" ;;
  *:go) echo "$program $(first "$program" version)" ;;
  *:make | *:cmake | *:cargo | *:rsync | *:python3) echo "$program $(first "$program" --version)" ;;
  *) echo "$program $path" ;;
  esac
done
echo "kernel $(uname -sr)"
echo "headers $(ls /usr/include/stdlib.h 2>/dev/null)"
if [ "$(id -u)" = 0 ]; then echo "root yes"; elif sudo -n true 2>/dev/null; then echo "root sudo"; else echo "root "; fi
${DISK_PROBE}${KERNEL_PROBE}`;

async function probe(
  connection: Connection,
  mirrors: string,
  programs: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await capture(connection, ["sh", "-s", "--", mirrors, ...programs], { signal }, PROBE);
  const lines = stdout
    .toString()
    .split("\n")
    .filter((line) => line.includes(" "));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1).trim()]));
}

const SUDO = 'allow it there: echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/devtool';

/** Whether its command is tinydocker, as far as can be seen. */
function runsContainers({ run }: Needs): boolean {
  return run.some((word) => /\btinydocker\b/.test(word));
}
