import type { Connected } from "../dev/lane/lane.ts";
import { capture } from "../targets/capture.ts";
import type { Removal } from "./removal.ts";

/** What devtool keeps on a target, and what of that another devtool uses now: absolute paths. */
export interface KeptThere {
  readonly removals: readonly Removal[];
  readonly inUse: readonly string[];
}

/**
 * Prints KIND, KiB and PATH, each ended by a NUL, of the mirror $1, and in the cache $2 of what the start script puts there
 * and, unless $3 is empty, of mirrors in which nothing was changed or read for $3 minutes, then of the folders that are
 * empty without these. Old mirrors are looked for in devtool's own folder only: in one of the user's, a name alone does not
 * tell a mirror from something else. An agent has its own path and its connection's token among its words, a file that is
 * not whole the process id of who writes it in its name.
 */
const LIST = `
print() { printf '%s\\0%s\\0%s\\0' "$1" "$2" "$3"; }
listed='
'
size() { k=$(du -skx "$1" 2>/dev/null | cut -f 1); echo "\${k:-0}"; }
say() { print "$1" "\${3:-$(size "$2")}" "$2"; listed="$listed$2
"; }
folder() { [ -d "$1" ] && [ ! -L "$1" ]; }
unused() { recent=$(find "$1" -xdev '(' -cmin "-$2" -o ! -type d -amin "-$2" ')' -print 2>/dev/null) && [ ! "$recent" ]; }
empty() {
  folder "$1" || return
  for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -e "$e" ] || [ -L "$e" ]; then case $listed in *"
$e
"*) ;; *) return 1 ;; esac; fi
  done
}
own=$(tr '\\0' '\\n' <"/proc/$PPID/cmdline" 2>/dev/null | sed -n 3p)
runs() { printf '%s\\n' "$1" | grep -lsF -f - /proc/[0-9]*/cmdline | xargs grep -LsF -e "\${own:-none}" /dev/null | grep -q cmdline; }
written() { [ -e "/proc/\${1##*.}" ]; }
kept() { if "$1" "$3"; then print 'in use' 0 "$3"; else say "$2" "$3"; fi; }
file() { [ -f "$1" ] && [ ! -L "$1" ]; }

if folder "$1"; then say mirror "$1"; fi
if [ "$3" ] && folder "$2/mirrors"; then
  x='[0-9a-f]'
  for m in "$2"/mirrors/*-$x$x$x$x$x$x$x$x; do
    if [ "$m" != "$1" ] && folder "$m" && unused "$m" "$3"; then say 'old mirror' "$m"; fi
  done
fi
for f in "$2"/agent-????????????????.mjs; do if file "$f"; then kept runs agent "$f"; fi; done
for f in "$2"/agent-????????????????.mjs.*[0-9]; do if file "$f"; then kept written agent "$f"; fi; done
for f in "$2"/path "$2"/path.*[0-9]; do if file "$f"; then say PATH "$f"; fi; done
for f in "$2/mirrors" "$2"; do if empty "$f"; then say folder "$f" 0; fi; done`;

const MINUTES_PER_DAY = 24 * 60;

/** `oldDays`: also mirrors that were not used for so long. */
export async function listOnTarget(
  { connection, facts, mirror }: Pick<Connected, "connection" | "facts" | "mirror">,
  oldDays: number | undefined,
  signal: AbortSignal,
): Promise<KeptThere> {
  const oldMinutes = oldDays === undefined ? "" : String(oldDays * MINUTES_PER_DAY);
  const { stdout } = await capture(connection, ["sh", "-c", LIST, "sh", mirror, facts.cache, oldMinutes], { signal });
  const found = fieldsIn(stdout.toString().split("\0"));
  const removals = found.flatMap(({ kind, ...rest }) => (kind === "in use" ? [] : [{ kind, ...rest }]));
  return { removals, inUse: found.filter(({ kind }) => kind === "in use").map(({ path }) => path) };
}

type Found = Omit<Removal, "kind"> & { readonly kind: Removal["kind"] | "in use" };

function fieldsIn(fields: readonly string[]): Found[] {
  const found: Found[] = [];
  for (let i = 0; fields[i]; i += 3) {
    const [kind, kibibytes, path = ""] = fields.slice(i, i + 3);
    found.push({ kind: kind as Found["kind"], path, bytes: Number(kibibytes) * 1024 });
  }
  return found;
}
