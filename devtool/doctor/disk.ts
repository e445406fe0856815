import { size } from "../report/amounts.ts";
import type { Check } from "../report/results.ts";

const BYTES_MIN = 500_000_000;
const INODES_MIN = 10_000;

/** A file that can't be made, and df's complaints, are answers here and no errors. Prints a line `disk yes|no|read-only KIB INODES FOLDER` about the nearest folder above $mirrors that exists; a dash is not known. */
export const DISK_PROBE = `
at=$mirrors
while [ ! -d "$at" ]; do at=$(dirname -- "$at"); done
probe=$(LC_ALL=C mktemp -- "$at/.devtool-probe.XXXXXX" 2>&1) && rm -f -- "$probe" && writable=yes
case $probe in *'Read-only file system'*) writable=read-only ;; esac
kib=$(df -Pk -- "$at" 2>/dev/null | awk 'NR == 2 { print $4 }')
inodes=$(df -Pi -- "$at" 2>/dev/null | awk 'NR == 2 && $2 > 0 { print $4 }')
echo "disk \${writable:-no} \${kib:--} \${inodes:--} $at"
`;

export function diskCheck(where: string, found: string): Check {
  const [, writable, kib = "-", inodes = "-", at = ""] = /^(\S+) (\S+) (\S+) (.*)$/.exec(found) ?? [];
  const bytes = kib === "-" ? undefined : Number(kib) * 1024;
  const free = inodes === "-" ? undefined : Number(inodes);
  const problem = problemOf(at, writable, bytes, free);
  const files = free === undefined ? "" : `, ${free} more files`;
  return {
    where,
    name: "disk",
    ok: problem === undefined,
    needed: writable !== "yes",
    found: `${bytes === undefined ? "unknown" : size(bytes)} free${files}, in ${at}${writable === "read-only" ? ", read-only" : ""}`,
    remedy: problem ?? null,
  };
}

function problemOf(at: string, writable?: string, bytes?: number, inodes?: number): string | undefined {
  const elsewhere = "or name another folder there: targets: { NAME: { mirror } } in the configuration";
  if (writable === "read-only") return `mount its file system there for writing, ${elsewhere}`;
  if (writable !== "yes") return `make ${at} writable for the login user, ${elsewhere}`;
  if (bytes !== undefined && bytes < BYTES_MIN) return `free some of it: devtool clean --old, ${elsewhere}`;
  if (inodes !== undefined && inodes < INODES_MIN)
    return `remove files there: it has no room for many more, ${elsewhere}`;
  return undefined;
}
