import type { Call } from "../command-line/command.ts";
import { loadProject, type Project, projectRoot } from "../config/project.ts";
import type { Job } from "../dev/loop.ts";
import type { Target } from "../targets/target.ts";

/** The project of the present folder, and the target: flags over file over defaults. @throws Failure, exit code 2 */
export async function openJob({ options, report, interrupts }: Call): Promise<Job> {
  const project = await loadProject(options.config, process.cwd());
  const target = await resolve({ options, report }, project);
  return { project, target, report, interrupts };
}

/** The target alone, for commands that serve without a configuration too. @throws Failure, exit code 2 */
export async function openTarget(call: Call): Promise<{ target: Target; root: string }> {
  const { options } = call;
  const root = await projectRoot(options.config, process.cwd());
  const project = root === undefined ? undefined : await loadProject(options.config, process.cwd());
  const place = project ?? { root: process.cwd(), targets: {}, target: undefined };
  return { target: await resolve(call, place), root: place.root };
}

async function resolve(
  { options, report }: Pick<Call, "options" | "report">,
  { root, targets, target }: Pick<Project, "root" | "targets" | "target">,
): Promise<Target> {
  const { resolveTarget } = await import("../targets/resolve.ts");
  const resolved: Target = resolveTarget(options.target ?? target, targets, {
    projectRoot: root,
    acceptNewHostKey: options.acceptNewHostKey,
    sshConfigFile: options.sshConfig,
    notice: (text) => report({ event: "notice", text }, { target: resolved.name }),
  });
  return resolved;
}
