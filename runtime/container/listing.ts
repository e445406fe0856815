import { uptime } from "node:os";
import type { ProcessIdentity } from "../host/process.ts";
import { mountsOf } from "../inspect/mounts.ts";
import { networksOf, portsNow } from "../inspect/network-settings.ts";
import { leaseFor, type Networks } from "../network/network.ts";
import { labelsText } from "../spec/labels.ts";
import { type ContainerSpec, imageName } from "../spec/spec.ts";
import { type Exit, exitCodeOf } from "../state/exit.ts";
import type { HealthState } from "../state/health.ts";
import { placesOf } from "../state/places.ts";
import type { Found, Status } from "../state/status.ts";
import { exposedAlone, portsInWords } from "./listed-ports.ts";

/** A container in the words of `docker ps --format json`. */
export interface Listed {
  readonly ID: string;
  readonly Names: string;
  readonly Image: string;
  /** Without docker's quotes around it. */
  readonly Command: string;
  readonly CreatedAt: string;
  readonly RunningFor: string;
  readonly State: string;
  readonly Status: string;
  readonly Ports: string;
  readonly Labels: string;
  readonly Networks: string;
  /** Names of volumes, and paths of this machine. */
  readonly Mounts: string;
  /** How many of them are volumes. */
  readonly LocalVolumes: string;
}

const ID_SHORT = 12;

/** What is known of a container besides its record. */
interface Surroundings {
  /** The state directory. */
  readonly root: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paused: boolean;
  readonly networks: Networks;
}

export function listed({ record, status, health }: Found, { root, now, paused, networks }: Surroundings): Listed {
  const { spec, life } = record;
  const lease = leaseFor(networks, placesOf(root, record.name).key);
  const mounts = mountsOf(spec, root);
  return {
    ID: record.id.slice(0, ID_SHORT),
    Names: record.name,
    Image: imageName(spec),
    Command: commandText(spec.process.args),
    CreatedAt: timeInWords(record.created),
    RunningFor: `${inWords(now - record.created)} ago`,
    State: paused ? "paused" : stateOf(status),
    Status: `${statusInWords(status, now)}${paused ? " (Paused)" : healthInWords(status, health)}`,
    Ports: isUp(status)
      ? portsInWords(portsNow(spec, networks, lease), spec.network.mode === "joined" ? exposedAlone(spec) : [])
      : "",
    Labels: labelsText(life?.labels ?? {}),
    Networks: networksOf(spec, lease).join(","),
    Mounts: mountNames(spec, root).join(","),
    LocalVolumes: String(mounts.filter(({ Type }) => Type === "volume").length),
  };
}

/** As docker writes it: an argument with a space is in quotes, whatever else it has. */
function commandText([program = "", ...args]: readonly string[]): string {
  return [program, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}

/** Names of volumes, and paths of this machine, which may have commas. */
export function mountNames(spec: ContainerSpec, root: string): string[] {
  const names = mountsOf(spec, root).map(({ Name, Source }) => String(Name || Source));
  // Of a tmpfs there is none.
  return names.filter((name) => name !== "");
}

/** As Go prints a time; in UTC, whatever the zone is here. */
export function timeInWords(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}

function isUp({ state }: Status): boolean {
  return state === "running" || state === "restarting";
}

/** Of one that runs. */
function healthInWords({ state }: Status, health: HealthState | undefined): string {
  if (state !== "running" || !health) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}

/** docker's word for it. */
export function stateOf({ state }: Status): string {
  return state === "stopped" ? "exited" : state === "creating" ? "created" : state;
}

function statusInWords(status: Status, now: number): string {
  switch (status.state) {
    case "creating":
    case "created":
      return "Created";
    case "running":
      return `Up ${inWords(now - startOf(status.process, now))}`;
    case "restarting":
      return `Restarting (${exitCode(status.exit)}) ${ago(status.exit, now)}`;
    case "stopped":
      return status.unseen
        ? `Exited (${exitCodeOf("unknown")})`
        : `Exited (${exitCode(status.exit)}) ${ago(status.exit, now)}`;
  }
}

function ago(exit: Exit | undefined, now: number): string {
  return exit ? `${inWords(now - exit.at)} ago` : "just now";
}

/** A question mark until it is recorded. */
function exitCode(exit: Exit | undefined): string {
  return exit ? String(exitCodeOf(exit.status)) : "?";
}

/** Of proc_pid_stat(5)'s times; the kernel's USER_HZ is 100 on every architecture that is supported here. */
const TICKS_PER_SECOND = 100;

/** When a process of this boot began, in milliseconds since 1970. */
export function startOf({ startTime }: ProcessIdentity, now: number): number {
  return now - uptime() * 1000 + (Number(startTime) / TICKS_PER_SECOND) * 1000;
}

/** As github.com/docker/go-units says a duration. */
export function inWords(milliseconds: number): string {
  const seconds = Math.floor(Math.max(0, milliseconds) / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.round(minutes / 60);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
