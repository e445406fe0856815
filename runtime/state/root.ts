import { join } from "node:path";
import { isFirstUserNamespace } from "../host/users/identity.ts";

/**
 * Where images and containers are stored: $TINYDOCKER_ROOT, else /var/lib/tinydocker for the machine's root,
 * else $XDG_DATA_HOME/tinydocker (XDG Base Directory Specification).
 */
export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env["TINYDOCKER_ROOT"]) return env["TINYDOCKER_ROOT"];
  // Root of another user namespace is somebody else on the machine, who can't write there.
  if (process.geteuid?.() === 0 && isFirstUserNamespace()) return "/var/lib/tinydocker";
  const data = env["XDG_DATA_HOME"] || join(env["HOME"] ?? "/", ".local/share");
  return join(data, "tinydocker");
}
