import { join } from "node:path";

/**
 * Where images and containers are stored: $TINYDOCKER_ROOT, else /var/lib/tinydocker for root,
 * else $XDG_DATA_HOME/tinydocker (XDG Base Directory Specification).
 */
export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env["TINYDOCKER_ROOT"]) return env["TINYDOCKER_ROOT"];
  if (process.geteuid?.() === 0) return "/var/lib/tinydocker";
  const data = env["XDG_DATA_HOME"] || join(env["HOME"] ?? "/", ".local/share");
  return join(data, "tinydocker");
}
