import { Failure } from "../../failure.ts";
import { textFault } from "../text.ts";
import type { CapabilityRequest } from "./capability.ts";

/** The part of a request that is about what a container may do, in docker's words. */
export interface SecurityRequest extends CapabilityRequest {
  /** KEY=VALUE or KEY:VALUE: seccomp, no-new-privileges, systempaths. A relative file starts at the caller's directory. */
  readonly securityOpt?: readonly string[] | undefined;
  /** HOST[:CONTAINER][:rwm] each: a device of the host, or a directory of devices. */
  readonly devices?: readonly string[] | undefined;
  /** NAME=VALUE each: settings of the container's own namespaces. */
  readonly sysctls?: readonly string[] | undefined;
}

/** docker's security options, and what each value means; `seccomp` also names a file. */
export interface Security {
  /** docker's rules, none, or those of a file, by its path. */
  readonly seccomp: "builtin" | "unconfined" | { readonly file: string };
  readonly noNewPrivileges: boolean;
  /** /proc and /sys have masked and read-only paths. */
  readonly protectedPaths: boolean;
}

const REMEDY =
  "tinydocker has seccomp=FILE, seccomp=unconfined, seccomp=builtin, no-new-privileges[=true|false] and systempaths=unconfined";

/** Of several options with one key the last one counts. Throws Failure for what is unknown or not available. */
export function securityOf({ securityOpt: options = [], privileged = false }: SecurityRequest): Security {
  const base: Security = privileged
    ? { seccomp: "unconfined", noNewPrivileges: false, protectedPaths: false }
    : { seccomp: "builtin", noNewPrivileges: true, protectedPaths: true };
  return Object.assign(base, ...options.map(partOf));
}

function partOf(option: string): Partial<Security> {
  const fault = textFault(option);
  if (fault !== undefined) throw refused(JSON.stringify(option), `it ${fault}`);
  const [, key = option, value] = /^([^=:]*)[=:]([\s\S]*)$/.exec(option) ?? [];
  switch (key) {
    case "seccomp":
      return { seccomp: seccompOf(option, value) };
    case "no-new-privileges":
      return { noNewPrivileges: flagOf(option, value) };
    case "systempaths":
      if (value === "unconfined") return { protectedPaths: false };
      throw refused(option, "the only value is unconfined");
    case "apparmor":
      if (value === "unconfined") return {};
      throw refused(option, "tinydocker applies no AppArmor profile");
    case "label":
      if (value === "disable") return {};
      throw refused(option, "tinydocker applies no SELinux label");
    default:
      throw refused(option, "there is no such option");
  }
}

function seccompOf(option: string, value: string | undefined): Security["seccomp"] {
  if (value === undefined || value === "") throw refused(option, "the file is missing");
  return value === "unconfined" || value === "builtin" ? value : { file: value };
}

function flagOf(option: string, value: string | undefined): boolean {
  if (value === undefined || value === "true") return true;
  if (value === "false") return false;
  throw refused(option, "the value is true or false");
}

function refused(option: string, why: string): Failure {
  return new Failure(`can't apply --security-opt ${option}: ${why}`, { code: "usage", remedy: REMEDY });
}
