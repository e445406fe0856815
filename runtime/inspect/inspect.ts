import { exposedAlone } from "../container/listed-ports.ts";
import type { Networks } from "../network/network.ts";
import { hostsPath } from "../resources/hosts-file.ts";
import { healthcheckOf } from "../spec/health.ts";
import { IMAGE_ID, imageName, userText } from "../spec/spec.ts";
import type { Places } from "../state/places.ts";
import type { Found } from "../state/status.ts";
import { type Struct, withOmitted } from "../template/value.ts";
import { hostConfig } from "./host-config.ts";
import { mountsOf } from "./mounts.ts";
import { networkSettings } from "./network-settings.ts";
import { OMITTED_CONFIG } from "./omitted.ts";
import { stateOf } from "./state.ts";

/** What is known of a container besides its record. */
export interface Surroundings {
  readonly places: Places;
  readonly networks: Networks;
  /** Its processes are stopped. */
  readonly paused: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A container as `docker inspect` shows it, with docker's names and types; what tinydocker has not is left out or empty. */
export function inspected(found: Found, { places, networks, paused, now }: Surroundings): Struct {
  const { record } = found;
  const { spec, life } = record;
  const [path = "", ...args] = spec.process.args;
  return {
    Id: record.id,
    Created: new Date(record.created).toISOString(),
    Path: path,
    Args: args,
    State: stateOf(found, { paused, now }),
    Image: spec.annotations[IMAGE_ID] ?? imageName(spec),
    ResolvConfPath: "",
    HostnamePath: "",
    HostsPath: hostsPath(places.root, places.key),
    LogPath: life ? places.log : "",
    Name: `/${record.name}`,
    RestartCount: restartsOf(found),
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: null,
    HostConfig: hostConfig(record, places.root),
    GraphDriver: {
      Name: "overlay2",
      Data: new Map([
        ["LowerDir", spec.root.layers.join(":")],
        ["UpperDir", places.upper],
        ["WorkDir", places.work],
      ]),
    },
    Mounts: mountsOf(spec, places.root),
    Config: config(record),
    NetworkSettings: networkSettings(found, places.key, networks),
  };
}

/** By its policy, since it was started. The last exit has the number before the start that came after it. */
function restartsOf({ status, monitor, lastExit }: Found): number {
  const before = lastExit?.restarts ?? 0;
  if (status.state === "stopped") return status.exit ? before : 0;
  if (status.state === "restarting") return before + 1;
  const { process } = lastExit ?? {};
  const isOfThisStart =
    monitor && process?.boot === monitor.boot && Number(process.startTime) >= Number(monitor.startTime);
  return status.state === "running" && isOfThisStart ? before + 1 : 0;
}

function config({ spec, life }: Found["record"]): Struct {
  const { terminal, env, args, cwd, entrypointLength = 0 } = spec.process;
  const about = {
    Hostname: spec.hostname,
    Domainname: spec.domainname ?? "",
    User: userText(spec.process.user),
    AttachStdin: !life,
    AttachStdout: !life,
    AttachStderr: !life,
    ExposedPorts: new Map(
      [...spec.network.ports, ...exposedAlone(spec)].map(({ container, protocol }) => [`${container}/${protocol}`, {}]),
    ),
    Tty: terminal,
    OpenStdin: life?.stdinOpen ?? true,
    StdinOnce: life?.stdinOnce ?? false,
    Env: env,
    Cmd: wordsOrNull(args.slice(entrypointLength)),
    Image: imageName(spec),
    Volumes: volumesOf(spec),
    WorkingDir: cwd,
    Entrypoint: wordsOrNull(args.slice(0, entrypointLength)),
    Labels: new Map(Object.entries(life?.labels ?? {})),
    StopSignal: life?.stopSignal ?? "SIGTERM",
    StopTimeout: life?.stopTimeout ?? 10,
  };
  return life?.health
    ? withOmitted({ ...about, Healthcheck: healthcheckOf(life.health) }, OMITTED_CONFIG)
    : withOmitted(about, { ...OMITTED_CONFIG, Healthcheck: null });
}

/** Where volumes without a name are wanted; none: Go's nil. */
function volumesOf({ mounts }: Found["record"]["spec"]): ReadonlyMap<string, Struct> | null {
  const wanted = mounts.filter(({ anonymous }) => anonymous).map(({ destination }) => [destination, {}] as const);
  return wanted.length > 0 ? new Map(wanted) : null;
}

/** Go's nil. */
function wordsOrNull(words: readonly string[]): readonly string[] | null {
  return words.length > 0 ? words : null;
}
