import { Failure } from "../../failure.ts";
import type { Mount } from "../mounts.ts";
import { resolvePath } from "../path.ts";
import { DEFAULT_DEVICES } from "../security/device.ts";

interface Limits {
  /** "only itself": mounts below it stay as they are. */
  readonly readonly: "no" | "only itself" | "recursively";
  /** With what is mounted below it. */
  readonly recursive: boolean;
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

/** The mount of a file or directory of the host. Both paths are absolute and normalized. */
export function bind(source: string, destination: string, { readonly, recursive }: Limits): Mount {
  // Device nodes of the host must not work in a container, except those that every container has.
  const nodev = DEFAULT_DEVICES.some(({ path }) => path === source) ? [] : [recursive ? "rnodev" : "nodev"];
  const options = [recursive ? "rbind" : "bind", ...nodev, ...READONLY[readonly]];
  return { destination, type: "bind", source, options };
}
