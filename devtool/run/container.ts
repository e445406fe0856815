import { posix } from "node:path";
import { type Mapping, portOf } from "../ports/mapping.ts";

const ENGINE = /^(tinydocker|docker|podman)(\.c?js)?$/;

/** Where the arguments of `run` begin, if the command starts a container. */
export function containerArguments(argv: readonly string[]): number | undefined {
  const engine = argv.findIndex((word) => ENGINE.test(posix.basename(word)));
  if (engine < 0) return undefined;
  const verb = argv[engine + 1] === "container" ? engine + 2 : engine + 1;
  return argv[verb] === "run" ? verb + 1 : undefined;
}

/** What one `-p` of a container publishes on the target. */
export interface Publication {
  /** As it is written there: `8080`, `8000-8010` or `53/udp`. */
  readonly ports: string;
  /** Each TCP port for the same of this machine; the first PORTS_MAX of a range. */
  readonly mappings: readonly Mapping[];
  /** Ports that no mapping is for: SSH forwards TCP, and a range may be larger. */
  readonly left: "none" | "udp" | "too many";
}

/** As many connections are listened for at most, for one range. */
export const PORTS_MAX = 64;

/** `[IP:]PORT[-PORT]:PORT[-PORT]`. A `-p` without a colon may be an option of the program in the container. */
const PUBLICATION = /^(?:(\[[0-9a-f:]+\]|[0-9.]+):)?(\d+)(?:-(\d+))?:(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/i;

/** `-p`, also behind flags: `-itp 8080:80`. */
const PUBLISH = /^(?:-[ditPq]*p|--publish)(?:=?(?=.)(.+))?$/;

/** The ports of the target that a container of the command publishes. */
export function publishedBy(argv: readonly string[]): Publication[] {
  const from = containerArguments(argv);
  const words = from === undefined ? [] : argv.slice(from);
  return words.flatMap((word, at) => {
    const [, written = words[at + 1] ?? ""] = PUBLISH.exec(word) ?? [undefined, ""];
    return publication(written) ?? [];
  });
}

function publication(written: string): Publication | undefined {
  const found = PUBLICATION.exec(written);
  if (!found) return undefined;
  const [, ip = "0.0.0.0", first = "", last = first, inner = "", innerLast = inner, protocol = "tcp"] = found;
  const count = Number(last) - Number(first) + 1;
  // Of a range for one port the engine chooses one.
  if (count < 1 || portOf(last) === undefined || count !== Number(innerLast) - Number(inner) + 1) return undefined;
  const ports = first === last ? first : `${first}-${last}`;
  if (protocol.toLowerCase() === "udp") return { ports: `${ports}/udp`, mappings: [], left: "udp" };
  const host = ip === "0.0.0.0" || ip === "[::]" ? "localhost" : ip.replace(/^\[(.*)\]$/, "$1");
  const mappings = Array.from({ length: Math.min(count, PORTS_MAX) }, (_, at): Mapping => {
    const port = Number(first) + at;
    return { listen: { kind: "tcp", host: "localhost", port }, to: { kind: "tcp", host, port } };
  });
  return { ports, mappings, left: count > PORTS_MAX ? "too many" : "none" };
}
