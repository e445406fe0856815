import type { NamedRequest } from "../../container/request/prepare.ts";
import type { Options, Values } from "./option.ts";

/** What the container may do. */
export const SECURITY_OPTIONS = {
  "cap-add": {
    type: "string",
    multiple: true,
    describe: "capability to add to docker's 14, such as NET_ADMIN; or ALL",
  },
  "cap-drop": { type: "string", multiple: true, describe: "capability to take away; or ALL" },
  "security-opt": {
    type: "string",
    multiple: true,
    describe: "seccomp=FILE|unconfined, no-new-privileges=true|false, systempaths=unconfined",
  },
  privileged: {
    type: "boolean",
    describe: "all capabilities, system calls and devices; /proc and /sys can be written to",
  },
  pid: { type: "string", describe: "host or container:NAME: whose processes it sees; default: its own" },
  ipc: {
    type: "string",
    describe: "host, private, shareable, none or container:NAME: whose shared memory it has; default: private",
  },
  uts: { type: "string", describe: "host: it has this machine's host name" },
  device: { type: "string", multiple: true, describe: "HOST[:CONTAINER][:rwm]: a device of this machine" },
  sysctl: {
    type: "string",
    multiple: true,
    describe: "NAME=VALUE: a kernel setting of the container's own namespaces",
  },
} as const satisfies Options;

export function securityRequest(values: Values<typeof SECURITY_OPTIONS>): Partial<NamedRequest> {
  return {
    capAdd: values["cap-add"],
    capDrop: values["cap-drop"],
    securityOpt: values["security-opt"],
    privileged: values.privileged,
    pid: values.pid,
    ipc: values.ipc,
    uts: values.uts,
    devices: values.device,
    sysctls: values.sysctl,
  };
}
