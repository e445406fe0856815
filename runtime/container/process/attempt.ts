import { constants } from "node:os";
import { joined, placesIn } from "../../cgroup/step.ts";
import { oomKills } from "../../host/cgroup/cgroup.ts";
import type { ShimEvent, Spawned } from "../../host/events.ts";
import { type Gate, letOn, mapAndLetOn, openGate } from "../../host/gate.ts";
import { identify } from "../../host/process.ts";
import { signalName } from "../../host/signals.ts";
import { ERRNO } from "../../linux.ts";
import { PROTOCOL } from "../../network/netlink/numbers.ts";
import { encodePlan } from "../../plan/codec.ts";
import { joinsPid } from "../../plan/join.ts";
import { planOf } from "../../plan/plan.ts";
import type { Plan, Step } from "../../plan/step.ts";
import { hasUserNamespace, type Namespaces, needsIdMapper } from "../../spec/namespaces.ts";
import { type Claim, drop, hold } from "../../state/claim.ts";
import { entry } from "../../state/entry.ts";
import type { ExitStatus } from "../../state/exit.ts";
import { cloneFailure } from "../failure/diagnose.ts";
import { hostFacts } from "./host-facts.ts";
import type { Launch } from "./launch.ts";
import { withMonitor } from "./monitor.ts";
import { observed } from "./observe.ts";
import { afterOutside } from "./outside.ts";
import { relay } from "./relay.ts";
import { makeUpper } from "./upper.ts";

/**
 * The life of the process.
 *
 *   starting ──▶ running ──▶ ended      the init became the command, which ended
 *      ├──────────────────▶ ended       the init was killed
 *      ├──▶ failed ───────▶ ended       a step of the plan failed
 *      └─┬▶ aborted ──────▶ ended       something here failed, so it was killed
 *   running
 */
type Phase =
  | { readonly state: "starting" | "running" }
  | { readonly state: "failed"; readonly step: number; readonly errno: number; readonly object: string }
  | { readonly state: "aborted"; readonly error: unknown }
  | Ended;

export interface Ended {
  readonly state: "ended";
  readonly before: Exclude<Phase, { state: "ended" }>;
  readonly status: ExitStatus;
}

export interface Listener {
  executed(): void;
  /** The character of this signal was typed at the container's terminal. */
  typed(signal: NodeJS.Signals): void;
}

/** One process, from the clone to its end, with its plan. */
export class Attempt {
  readonly plan: Plan;
  /** Of the process that becomes the command. */
  spawned: Spawned;
  /** Never rejects. */
  readonly ended: Promise<Ended>;
  readonly #launch: Launch;
  readonly #listener: Listener;
  #life: Phase = { state: "starting" };

  /** Throws Failure when no process could be made. What fails later ends the process, and is reported by `ended`. */
  constructor(launch: Launch, upperInMemory: boolean, listener: Listener) {
    this.#launch = launch;
    this.#listener = listener;
    this.plan = planFor(launch, upperInMemory);
    observed(() => launch.options.observer?.planned(this.plan, launch.network.prepared()));
    makeUpper(launch.held.places, launch.spec);
    holdCgroups(launch.held, this.plan);
    launch.options.beforeSpawn?.();
    const { spawned, gate } = spawn(launch, this.plan);
    this.spawned = spawned;
    // A monitor has done so.
    if (!launch.life) this.#guarded(() => this.#hold("process", spawned.pid));
    // Where none can be started, such as for lack of processes, the next command does what it would have done.
    if (this.plan.guarded && !launch.life && !this.#movesOn()) launch.shim.guardAside(this.spawned.container);
    const listen = launch.life ? launch.shim.follow : launch.shim.listen;
    this.ended = new Promise((resolve) => {
      const begin = () =>
        listen(this.spawned.container, (event) => {
          if (event.kind === "exited") resolve(this.#end({ ...exitStatus(event), ...oomKilled(this.plan) }));
          else this.#guarded(() => this.#advance(event));
        });
      if (launch.life && launch.options.attach) void this.#attach(launch.options.attach).then(begin);
      else begin();
    });
    if (gate) this.#prepare(gate).catch((error) => this.#abort(error));
  }

  get isOver(): boolean {
    return this.#life.state === "ended";
  }

  /** Its init goes on in a second process, which is in another container's pid namespace. */
  #movesOn(): boolean {
    return joinsPid(this.#launch.spec.linux.namespaces);
  }

  #moved(pid: number): void {
    const { shim, held } = this.#launch;
    const pidfd = shim.pidfd(pid);
    shim.close(this.spawned.pidfd);
    this.spawned = { ...this.spawned, pid, pidfd };
    this.#hold("process", pid);
    drop(held, ({ resource }) => resource.kind === "process" && resource.pid !== pid);
    if (this.plan.guarded) shim.guardAside(this.spawned.container);
  }

  /** So that the next start can end it if this process is killed. */
  #hold(kind: "process" | "helper", pid: number): void {
    const identity = identify(pid);
    // If there is none, it has ended.
    if (!identity) return;
    const resource = kind === "process" ? { kind, ...identity, startedAt: Date.now() } : { kind, ...identity };
    hold(this.#launch.held, entry(resource, "exit"));
  }

  /** What the init waits for, because it is done by its pid. */
  async #prepare(gate: Gate): Promise<void> {
    const { shim, spec, network } = this.#launch;
    try {
      if (needsIdMapper(spec.linux)) await mapAndLetOn(gate, this.spawned.pid, spec.linux);
      if (this.isOver || !network.connect) return;
      if (await network.connect(this.spawned.pid, (pid) => this.#hold("helper", pid))) letOn(gate);
    } finally {
      shim.close(gate.end);
    }
  }

  /** Its monitor waits for this. */
  async #attach(attach: () => Promise<void>): Promise<void> {
    await attach();
    try {
      letOn({ end: this.spawned.container });
    } catch {
      // It was killed, which is seen by what it says then.
    }
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#abort(error);
    }
  }

  #abort(error: unknown): void {
    if (this.isOver) return;
    if (this.#life.state !== "aborted") this.#life = { state: "aborted", error };
    this.#launch.shim.signal(this.spawned.pidfd, constants.signals.SIGKILL);
  }

  #advance(event: Exclude<ShimEvent, { kind: "exited" }>): void {
    if (this.#life.state === "aborted") return;
    const { observer } = this.#launch.options;
    switch (event.kind) {
      case "step":
        this.#observe(event.step, (step) => observer?.took(step, event.nanoseconds));
        break;
      case "skipped":
        this.#observe(event.step, (step) => observer?.skipped(step, event.errno));
        break;
      case "cloned":
        this.#moved(event.pid);
        break;
      case "typed":
        this.#listener.typed(signalName(event.signal));
        break;
      case "failed":
        this.#life = { state: "failed", step: event.step, errno: event.errno, object: event.object };
        break;
      case "executed":
        this.#life = { state: "running" };
        this.#listener.executed();
    }
  }

  #observe(index: number, observe: (step: Step) => void): void {
    const step = this.plan.steps[index];
    if (step) observed(() => observe(step));
  }

  #end(status: ExitStatus): Ended {
    this.#launch.shim.close(this.spawned.pidfd);
    const before = this.#life.state === "ended" ? this.#life.before : this.#life;
    const ended: Ended = { state: "ended", before, status };
    this.#life = ended;
    return ended;
  }
}

function planFor({ spec, held, network: { facts }, kept }: Launch, upperInMemory: boolean): Plan {
  return planOf(spec, hostFacts(spec, held.places, { upperInMemory, upperKept: kept }, facts));
}

/** Before they are made. A second attempt makes the same ones. */
function holdCgroups(held: Claim, { outside }: Plan): void {
  if (outside.length === 0 || held.entries.some(({ resource }) => resource.kind === "cgroups")) return;
  hold(held, entry({ kind: "cgroups", places: placesIn(outside) }, "exit"));
}

/** The plan's first slot, what holds the init back, or a netlink socket; and those of the containers that are joined. */
function withFirstSlots<T>(launch: Launch, gate: Gate | undefined, use: (extra: readonly number[]) => T): T {
  const others = (launch.network.others ?? []).map(({ pidfd }) => pidfd);
  if (!gate) return withNetlink(launch, (first) => use([...first, ...others]));
  try {
    return use([gate.slot, ...others]);
  } finally {
    launch.shim.close(gate.slot);
  }
}

/** Of this network namespace, with which the init makes its cables, also those that a container gets later. */
function withNetlink<T>({ shim, spec }: Launch, use: (extra: readonly number[]) => T): T {
  if (spec.network.mode !== "joined") return use([]);
  const fd = shim.netlinkOpen(PROTOCOL.NETLINK_ROUTE);
  if (fd < 0) throw cloneFailure("descriptors", -fd, false);
  try {
    return use([fd]);
  } finally {
    shim.close(fd);
  }
}

function spawn(launch: Launch, plan: Plan): { readonly spawned: Spawned; readonly gate: Gate | undefined } {
  const { shim, spec, network } = launch;
  const gate = needsIdMapper(spec.linux) || network.connect ? openGate(shim) : undefined;
  try {
    return { spawned: spawnWith(launch, plan, gate), gate };
  } catch (error) {
    if (gate) shim.close(gate.end);
    throw error;
  }
}

function spawnWith(launch: Launch, plan: Plan, gate: Gate | undefined): Spawned {
  const { shim, spec, options, held, life } = launch;
  const { terminal } = spec.process;
  const given = options.stdio ?? [0, 1, 2];
  const spawned = withFirstSlots(launch, gate, (extra) =>
    afterOutside({ shim, observer: options.observer }, plan.outside, (cgroups) => {
      const started = {
        extra,
        ...cgroups,
        plan: encodePlan(plan.steps, options.observer !== undefined),
        namespaces: plan.namespaces,
        lock: held.fd,
        identity: needsIdMapper(spec.linux) ? undefined : identityOf(spec.linux),
        terminal,
      };
      if (life)
        return withMonitor(launch, life, plan, cgroups.joins.length, (stdio, monitor) =>
          shim.detach({ ...started, stdio }, monitor),
        );
      return shim.spawn({ ...started, ...(terminal ? { stdio: given, relayed: [] } : relay(given, spec)) });
    }),
  );
  if (!("errno" in spawned)) return spawned;
  throw cloneFailure(spawned.stage, spawned.errno, hasUserNamespace(spec.linux));
}

/** Who is alone in the container's user namespace, if there is one. */
export function identityOf({ uidMappings, gidMappings }: Namespaces): { uid: number; gid: number } {
  return { uid: uidMappings[0]?.hostID ?? 0, gid: gidMappings[0]?.hostID ?? 0 };
}

/** The cgroup is removed later. */
function oomKilled({ outside }: Plan): Pick<ExitStatus, "oomKilled"> {
  const cgroup = joined("memory", outside);
  return cgroup && oomKills(cgroup) > 0 ? { oomKilled: true } : {};
}

function exitStatus(event: { exitCode: number | null; signal: number | null }): ExitStatus {
  if (event.exitCode !== null) return { code: event.exitCode, signal: null };
  return { code: null, signal: signalName(event.signal ?? 0) };
}

/** overlayfs fails with EINVAL if its upper layer is on an unsuitable file system, such as another overlay, NFS or FUSE. */
export function isUpperRefused(plan: Plan, { before }: Ended): boolean {
  if (before.state !== "failed" || before.errno !== ERRNO.EINVAL) return false;
  const inMemory = plan.steps.some(({ reason }) => reason === "upperInMemory");
  const step = plan.steps[before.step];
  return !inMemory && step?.op === "MOUNT" && step.type === "overlay";
}
