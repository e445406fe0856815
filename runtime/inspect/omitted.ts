import type { Struct } from "../template/value.ts";

/** What docker's `inspect` has besides, and a container of tinydocker never asks for: a template finds it, JSON leaves it out. */
export const OMITTED_HOST_CONFIG: Struct = {
  Annotations: null,
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  Cgroup: "",
  CgroupParent: "",
  ConsoleSize: [0, 0],
  ContainerIDFile: "",
  CpuCount: 0,
  CpuPercent: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  IOMaximumBandwidth: 0,
  IOMaximumIOps: 0,
  Isolation: "",
  KernelMemory: 0,
  Links: null,
  MemorySwappiness: null,
  Mounts: null,
  OomKillDisable: null,
  PublishAllPorts: false,
  Runtime: "tinydocker",
  StorageOpt: null,
  UsernsMode: "",
  VolumeDriver: "",
  VolumesFrom: null,
};

export const OMITTED_CONFIG: Struct = { ArgsEscaped: false, NetworkDisabled: false, OnBuild: null, Shell: null };

/** An image's has the form of a container's, of which builders fill in a part. */
export const OMITTED_IMAGE_CONFIG: Struct = {
  ...OMITTED_CONFIG,
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: "",
  Healthcheck: null,
  Hostname: "",
  Image: "",
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
};

export const OMITTED_NETWORK: Struct = {
  EndpointID: "",
  HairpinMode: false,
  LinkLocalIPv6Address: "",
  LinkLocalIPv6PrefixLen: 0,
  SandboxID: "",
  SecondaryIPAddresses: null,
  SecondaryIPv6Addresses: null,
};

export const OMITTED_ENDPOINT: Struct = { DNSNames: null, DriverOpts: null, EndpointID: "", GwPriority: 0 };
