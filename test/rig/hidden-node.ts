import { spawnSync } from "node:child_process";

/** What this host lacks for hideNode(). */
export function hideNodeLacks(): string | undefined {
  if (process.getuid?.() !== 0) return "root, to hide this host's own Node.js";
  return spawnSync("unshare", ["--mount", "true"]).status === 0 ? undefined : "mount namespaces";
}

const SCRIPT = `set -e
mount --bind "$0" "$1"
for node in "$0" /usr/bin/node /usr/local/bin/node; do [ ! -e "$node" ] || mount --bind /dev/null "$node"; done
shift
exec "$@"`;

/** argv put before a program's, which then finds no node but at the file `shownAt`, which exists. */
export function hideNode(shownAt: string): string[] {
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", SCRIPT, process.execPath, shownAt];
}
