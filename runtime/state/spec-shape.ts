import { RLIMIT } from "../linux.ts";
import { USER_MODE_PROGRAMS } from "../network/user-mode.ts";
import {
  isBoolean,
  isEither,
  isListOf,
  isMapOf,
  isOneOf,
  isRecordOf,
  isText,
  isTrue,
  isWhole,
  type Shape,
} from "../shape.ts";
import { isCapability } from "../spec/security/capability.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { isProfile } from "./profile-shape.ts";

const isTexts = isListOf(isText);
const isCapabilities = isListOf(isCapability);
const isNamespace = isRecordOf(
  { type: isOneOf("pid", "network", "mount", "ipc", "uts", "user", "cgroup") },
  { container: isText },
);
const isIdMappings = isListOf(isRecordOf({ containerID: isWhole, hostID: isWhole, size: isWhole }));

const isHostEntry = isRecordOf({ address: isText, names: isTexts });
const isPublishedPort = isRecordOf(
  { protocol: isOneOf("tcp", "udp"), host: isWhole, container: isWhole },
  { address: isText },
);
export const isAttachments = isListOf(
  isRecordOf({ network: isText, aliases: isTexts }, { ipv4: isText, ipv6: isText, mac: isText }),
);
const isNetwork = isRecordOf(
  {
    mode: isOneOf("none", "host", "joined", "user", "container"),
    byDefault: isBoolean,
    attachments: isAttachments,
    ports: isListOf(isPublishedPort),
    dns: isRecordOf({ servers: isTexts, search: isTexts }, { options: isTexts }),
    extraHosts: isListOf(isHostEntry),
  },
  { program: isOneOf(...USER_MODE_PROGRAMS), links: isListOf(isRecordOf({ to: isText, alias: isText })) },
);
const isDevice = isRecordOf(
  { path: isText, major: isWhole, minor: isWhole },
  { type: isOneOf("b", "c"), source: isText, access: isText, fileMode: isWhole, uid: isWhole, gid: isWhole },
);

const isRlimit: Shape<keyof typeof RLIMIT> = (value): value is keyof typeof RLIMIT =>
  isText(value) && Object.hasOwn(RLIMIT, value);
const isThrottles = isListOf(isRecordOf({ major: isWhole, minor: isWhole, rate: isWhole }));
const isDeviceRule = isRecordOf(
  { allow: isBoolean, access: isText },
  { type: isOneOf("b", "c"), major: isWhole, minor: isWhole },
);
export const isResources = isRecordOf({
  memory: isRecordOf({}, { limit: isWhole, swap: isWhole, reservation: isWhole }),
  cpu: isRecordOf({}, { shares: isWhole, quota: isWhole, period: isWhole, cpus: isText, mems: isText }),
  pids: isRecordOf({}, { limit: isWhole }),
  blockIO: isRecordOf({
    throttleReadBpsDevice: isThrottles,
    throttleWriteBpsDevice: isThrottles,
    throttleReadIOPSDevice: isThrottles,
    throttleWriteIOPSDevice: isThrottles,
  }),
  devices: isListOf(isDeviceRule),
});

/** A spec as a record stores it; the compiler checks that no field of the type is missing here. */
export const isContainerSpec: Shape<ContainerSpec> = isRecordOf(
  {
    name: isText,
    hostname: isText,
    root: isRecordOf({ layers: isTexts, readonly: isBoolean }),
    mounts: isListOf(
      isRecordOf(
        { destination: isText, type: isText, source: isText, options: isTexts },
        {
          subpath: isText,
          nocopy: isTrue,
          anonymous: isTrue,
          labels: isMapOf(isText),
          volumeOptions: isMapOf(isText),
          container: isText,
        },
      ),
    ),
    network: isNetwork,
    process: isRecordOf(
      {
        terminal: isBoolean,
        user: isRecordOf(
          { uid: isWhole, gid: isWhole, additionalGids: isListOf(isWhole) },
          { asked: isText, groups: isTexts },
        ),
        args: isTexts,
        env: isTexts,
        cwd: isText,
        umask: isWhole,
        capabilities: isRecordOf({ bounding: isCapabilities, effective: isCapabilities, permitted: isCapabilities }),
        rlimits: isListOf(isRecordOf({ type: isRlimit, soft: isWhole }, { hard: isWhole })),
      },
      { oomScoreAdj: isWhole, noNewPrivileges: isBoolean, init: isBoolean, entrypointLength: isWhole },
    ),
    annotations: isMapOf(isText),
    linux: isRecordOf(
      {
        namespaces: isListOf(isNamespace),
        uidMappings: isIdMappings,
        gidMappings: isIdMappings,
        maskedPaths: isTexts,
        readonlyPaths: isTexts,
        devices: isListOf(isDevice),
        resources: isResources,
      },
      { sysctl: isMapOf(isText), seccomp: isEither(isProfile, isOneOf("unconfined")), shareableIpc: isTrue },
    ),
  },
  { domainname: isText },
);
