import { isDeepStrictEqual } from "node:util";
import type { Options } from "../command-line/options.ts";
import { loadProject, type Project, type ProjectPorts, projectRoot } from "../config/project.ts";
import { type Way, wayOf } from "../control/messages.ts";
import { Failure } from "../failure.ts";
import { endpointText } from "../ports/endpoint.ts";
import { type Mapping, PUBLISHED, refuseRepeated } from "../ports/mapping.ts";
import type { Interrupts } from "../process/interrupts.ts";
import type { Report } from "../report/events.ts";
import { PORTS_MAX, type Publication, publishedBy } from "../run/container.ts";
import type { Inspect } from "../run/inspect.ts";
import type { Target } from "../targets/target.ts";

/** What a command that works on a project uses from start to end. */
export interface Session {
  readonly project: Project;
  /** One, or several side by side, each with a name of its own. */
  readonly targets: readonly [Target, ...Target[]];
  readonly report: Report;
  readonly interrupts: Interrupts;
  /** Whether a sync may delete most of what was sent before. */
  readonly mayDelete: boolean;
  readonly way: Way;
  /** What is forwarded while it lasts. */
  readonly ports: SessionPorts;
}

type SessionPorts = Pick<ProjectPorts, "forward" | "reverse">;

interface Invocation {
  readonly options: Options;
  /** CMD… */
  readonly words: readonly string[];
  readonly report: Report;
}

/** The project of this folder, and the targets: flags over file over defaults. @throws Failure, exit code 2 */
export async function openSession(call: Invocation & Pick<Session, "interrupts">): Promise<Session> {
  const { options, report, interrupts } = call;
  const isInspected = options.inspect !== undefined;
  const project = { ...(await loadProject(options.config, process.cwd())), isInspected };
  const targets = await resolve(call, project);
  const published = publishedBy([...project.run, ...call.words]);
  const ports = portsOf(targets, project, options, published);
  offer(published, ports, targets[0], report);
  return {
    project,
    targets,
    way: wayOf(options),
    report,
    interrupts,
    mayDelete: options.force,
    ports,
  };
}

/** On this machine a program's port needs no forwarding to itself. @throws Failure, exit code 2 */
function portsOf(
  [{ kind }, ...others]: Session["targets"],
  project: Project,
  options: Options,
  published: readonly Publication[],
): SessionPorts {
  const differs = ({ listen, to }: Mapping) => kind !== "local" || !isDeepStrictEqual(listen, to);
  const all = (key: keyof SessionPorts) => [...project.ports[key], ...options.ports[key]].filter(differs);
  const inspector = options.inspect ? [loopback(options.inspect)].filter(differs) : [];
  const wanted =
    project.ports.published || options.ports.published
      ? published.flatMap(({ mappings }) => mappings).filter(differs)
      : [];
  const forward = [...all("forward"), ...inspector];
  const ports = { forward: [...forward, ...wanted.filter(isMissingIn(forward))], reverse: all("reverse") };
  refuseRepeated(ports.forward);
  refuseRepeated(ports.reverse);
  if (others.length === 0 || [...ports.forward, ...ports.reverse].length === 0) return ports;
  throw new Failure("a port is forwarded to one target, and there are several", {
    code: "usage",
    remedy: "name one with --target",
    exitCode: 2,
  });
}

/** Says how what a container publishes can be reached from here, or that it can't be. */
function offer(published: readonly Publication[], { forward }: SessionPorts, { kind }: Target, report: Report): void {
  for (const { ports, mappings, left } of kind === "local" ? [] : published) {
    const [missing, ...others] = mappings.filter(isMissingIn(forward));
    const ways: string[] = [];
    if (missing && others.length === 0) ways.push(wayTo(missing));
    else if (missing) ways.push(`--forward ${PUBLISHED} makes each the same port of localhost here`);
    if (left === "udp") ways.push("it can't be forwarded, as SSH forwards TCP only");
    if (left === "too many") ways.push(`only the first ${PORTS_MAX} of them can be forwarded`);
    if (ways.length > 0) report({ event: "notice", text: `the container publishes ${ports}: ${ways.join("; ")}` });
  }
}

function wayTo({ to }: Mapping): string {
  const [port, where] = to.kind === "tcp" ? [to.port, endpointText(to)] : ["", ""];
  const written = where.startsWith("localhost:") ? port : `${port}:${where}`;
  return `--forward ${written} makes it localhost:${port} here`;
}

function isMissingIn(forward: readonly Mapping[]): (mapping: Mapping) => boolean {
  return ({ to }) =>
    !forward.some((other) => other.to.kind === "tcp" && to.kind === "tcp" && other.to.port === to.port);
}

function loopback({ port, targetPort }: Inspect): Mapping {
  const at = { kind: "tcp", host: "127.0.0.1" } as const;
  return { listen: { ...at, port }, to: { ...at, port: targetPort }, answersAtOnce: true };
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
  const place = project ?? { root: process.cwd(), targets: {}, target: [], asRoot: false };
  const [target, ...others] = await resolve(call, place);
  if (others.length > 0) {
    throw new Failure("this command works on one target, and there are several", {
      code: "usage",
      remedy: "name one with --target",
      exitCode: 2,
    });
  }
  return { target, root: place.root, asRoot: place.asRoot, project };
}

async function resolve(
  { options, report }: Invocation,
  { root, targets, target: written }: Pick<Project, "root" | "targets" | "target">,
): Promise<Session["targets"]> {
  const { resolveTarget } = await import("../targets/resolve.ts");
  const resolveOne = (name: string | undefined) => {
    const resolved: Target = resolveTarget(name, targets, {
      projectRoot: root,
      acceptNewHostKey: options.acceptNewHostKey,
      sshConfigFile: options.sshConfig,
      notice: (text) => report({ event: "notice", text }, { target: resolved.name }),
    });
    return resolved;
  };
  const [first, ...others] = [...new Set(options.target?.split(",") ?? written)];
  return [resolveOne(first), ...others.map(resolveOne)];
}
