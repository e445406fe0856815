import { resolve } from "node:path";
import { type ExposedPort, exposedAlone } from "../../container/listed-ports.ts";
import type { Listed } from "../../container/listing.ts";
import { Failure } from "../../failure.ts";
import { findStored } from "../../image/content/stored-image.ts";
import { mountsOf } from "../../inspect/mounts.ts";
import { IMAGE_ID } from "../../spec/spec.ts";
import { nameOf } from "../../state/containers.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { type Found, findExisting } from "../../state/status.ts";
import { badFilter, filterOf, hasLabel, isNamedLike, type Matchers } from "../filter.ts";

/** A container with the row that is printed of it. */
export interface Row {
  readonly row: Listed;
  readonly found: Found;
}

export const PS_FILTERS =
  "name=TEXT, id=ID, status=created|running|paused|restarting|exited, label=KEY[=VALUE], exited=CODE, ancestor=IMAGE, network=NAME, " +
  "volume=NAME|PATH, publish=PORT[/PROTOCOL], expose=PORT[/PROTOCOL], before=NAME, since=NAME, health=starting|healthy|unhealthy|none";

/** Throws Failure. */
export function psFilter(filters: readonly string[]): (one: Row) => boolean {
  return filterOf(filters, MATCHERS, PS_FILTERS);
}

/** docker's, some of which no container here is ever in. */
const STATES = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

const MATCHERS: Matchers<Row> = {
  name: (value) => {
    const matches = isNamedLike(value);
    return ({ row: { Names } }) => matches(Names) || matches(`/${Names}`);
  },
  id:
    (value) =>
    ({ found }) =>
      found.record.id.startsWith(value),
  status: (value) => {
    if (!STATES.includes(value)) throw badFilter(`status=${value}`, PS_FILTERS);
    return ({ row }) => row.State === value;
  },
  label: (value) => {
    const matches = hasLabel(value);
    return ({ found }) => matches(found.record.life?.labels ?? {});
  },
  exited: (value) => {
    if (!/^\d{1,3}$/.test(value)) throw badFilter(`exited=${value}`, PS_FILTERS);
    return ({ row }) => row.Status.startsWith(`Exited (${Number(value)})`);
  },
  ancestor: (value) => {
    const id = imageId(value);
    return ({ row: { Image }, found }) => {
      // Of one in layers that name may be another image's by now; an older record does not say.
      const own = found.record.spec.annotations[IMAGE_ID];
      return own === undefined ? Image === value || (id !== undefined && imageId(Image) === id) : own === id;
    };
  },
  health: (value) => {
    if (!["starting", "healthy", "unhealthy", "none"].includes(value)) throw badFilter(`health=${value}`, PS_FILTERS);
    return ({ row }) => (/\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(row.Status)?.[1] ?? "none") === value;
  },
  network:
    (value) =>
    ({ row }) =>
      row.Networks.split(",").includes(value),
  volume:
    (value) =>
    ({ found }) =>
      mountsOf(found.record.spec, resolve(stateRoot())).some(({ Name, Source, Destination }) =>
        [Name, Source, Destination].includes(value),
      ),
  publish: (value) => {
    const matches = portMatcher("publish", value);
    return ({ found }) => found.record.spec.network.ports.some(({ host, protocol }) => matches(host, protocol));
  },
  expose: (value) => {
    const matches = portMatcher("expose", value);
    return ({ found }) => exposed(found).some(({ container, protocol }) => matches(container, protocol));
  },
  before: (value) => {
    const { created } = recordOf(value);
    return ({ found }) => found.record.created < created;
  },
  since: (value) => {
    const { created } = recordOf(value);
    return ({ found }) => found.record.created > created;
  },
};

/** Of a name or an id; undefined: it is not here, or none. */
function imageId(name: string): string | undefined {
  try {
    return findStored(resolve(stateRoot()), name)?.id;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** PORT or FIRST-LAST, with /tcp, /udp or neither for tcp. */
function portMatcher(key: string, value: string): (port: number, protocol: string) => boolean {
  const [, from = "", to = from, wanted = "tcp"] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/.exec(value) ?? [];
  if (from === "") throw badFilter(`${key}=${value}`, PS_FILTERS);
  return (port, protocol) => protocol === wanted && port >= Number(from) && port <= Number(to);
}

/** With what the image names. */
function exposed({ record: { spec } }: Found): readonly ExposedPort[] {
  return [...spec.network.ports, ...exposedAlone(spec)];
}

function recordOf(asked: string) {
  const root = resolve(stateRoot());
  const name = nameOf(root, asked);
  return findExisting(placesOf(root, name), name).record;
}
