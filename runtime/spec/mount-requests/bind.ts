import { Failure } from "../../failure.ts";
import type { Mount } from "../mounts.ts";
import { isBelow, resolvePath } from "../path.ts";

/** How mounts made later reach the other side: mount_namespaces(7). An r: also of the mounts below. */
const PROPAGATIONS = ["shared", "rshared", "slave", "rslave", "private", "rprivate"] as const;
export type Propagation = (typeof PROPAGATIONS)[number];

export function isPropagation(word: string): word is Propagation {
  return PROPAGATIONS.some((one) => one === word);
}

export interface Limits {
  /** "only itself": mounts below it stay as they are. */
  readonly readonly: "no" | "only itself" | "recursively";
  /** With what is mounted below it. */
  readonly recursive: boolean;
  /** Default: rprivate. */
  readonly propagation?: Propagation | undefined;
}

const READONLY = { no: [], "only itself": ["ro"], recursively: ["rro"] } as const;

/** `cwd`: the caller's directory; undefined when it does not exist any more. */
export function absoluteSource(source: string, cwd: string | undefined): string {
  if (source.startsWith("/") || cwd !== undefined) return resolvePath(cwd ?? "/", source);
  throw new Failure(`the source ${source} of a mount is relative, and the current directory does not exist any more`, {
    code: "mount-source-missing",
    remedy: "change to a directory that exists, or use an absolute path",
  });
}

/** The host's /dev, or something in it. */
export function isOfDevices(source: string): boolean {
  return source === "/dev" || isBelow(source, "/dev");
}

/** The mount of a file or directory of the host. Both paths are absolute and normalized. */
export function bind(
  source: string,
  destination: string,
  { readonly, recursive, propagation = "rprivate" }: Limits,
): Mount {
  // Device nodes of the host must not work in a container, except those of /dev, which its cgroup's rules limit.
  const nodev = isOfDevices(source) ? [] : [recursive ? "rnodev" : "nodev"];
  const options = [
    recursive ? "rbind" : "bind",
    ...nodev,
    ...READONLY[readonly],
    ...(propagation.endsWith("private") ? [] : [propagation]),
  ];
  return { destination, type: "bind", source, options };
}
