import { isDeepStrictEqual } from "node:util";
import type { Options } from "../command-line/options.ts";
import { loadProject, type Project, type ProjectPorts, projectRoot } from "../config/project.ts";
import type { Mapping } from "../ports/mapping.ts";
import type { Interrupts } from "../process/interrupts.ts";
import type { Report } from "../report/events.ts";
import type { Inspect } from "../run/inspect.ts";
import type { Target } from "../targets/target.ts";

/** What a command that works on a project uses from start to end. */
export interface Session {
  readonly project: Project;
  readonly target: Target;
  readonly report: Report;
  readonly interrupts: Interrupts;
  /** Whether a sync may delete most of what was sent before. */
  readonly mayDelete: boolean;
  /** What is forwarded while it lasts. */
  readonly ports: ProjectPorts;
}

interface Invocation {
  readonly options: Options;
  readonly report: Report;
}

/** The project of this folder, and the target: flags over file over defaults. @throws Failure, exit code 2 */
export async function openSession(call: Invocation & Pick<Session, "interrupts">): Promise<Session> {
  const { options, report, interrupts } = call;
  const isInspected = options.inspect !== undefined;
  const project = { ...(await loadProject(options.config, process.cwd())), isInspected };
  const target = await resolve(call, project);
  return {
    project,
    target,
    report,
    interrupts,
    mayDelete: options.force,
    ports: portsOf(target, project, options),
  };
}

/** On this machine a program's port needs no forwarding to itself. */
function portsOf({ kind }: Target, project: Project, options: Options): ProjectPorts {
  const differs = ({ listen, to }: Mapping) => kind !== "local" || !isDeepStrictEqual(listen, to);
  const all = (key: keyof ProjectPorts) => [...project.ports[key], ...options.ports[key]].filter(differs);
  const inspector = options.inspect ? [loopback(options.inspect)].filter(differs) : [];
  return { forward: [...all("forward"), ...inspector], reverse: all("reverse") };
}

function loopback({ port, targetPort }: Inspect): Mapping {
  const at = { kind: "tcp", host: "127.0.0.1" } as const;
  return { listen: { ...at, port }, to: { ...at, port: targetPort } };
}

interface OpenTarget {
  readonly target: Target;
  readonly root: string;
  readonly asRoot: boolean;
  /** undefined without a configuration. */
  readonly project: Project | undefined;
}

/** The target, for commands that need no configuration. @throws Failure, exit code 2 */
export async function openTarget(call: Invocation): Promise<OpenTarget> {
  const { options } = call;
  const root = await projectRoot(options.config, process.cwd());
  const project = root === undefined ? undefined : await loadProject(options.config, process.cwd());
  const place = project ?? { root: process.cwd(), targets: {}, target: undefined, asRoot: false };
  return { target: await resolve(call, place), root: place.root, asRoot: place.asRoot, project };
}

async function resolve(
  { options, report }: Invocation,
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
