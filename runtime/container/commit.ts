import { existsSync } from "node:fs";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { BadImage, type Entry, type Whiteout } from "../image/archive/entry.ts";
import { withChanges } from "../image/commit/change.ts";
import { commitImage } from "../image/commit/commit.ts";
import { configOf } from "../image/commit/config.ts";
import { overlayTree } from "../image/layers/overlay-tree.ts";
import type { Reference } from "../image/registry/reference.ts";
import { systemFailure } from "../image/system-failure.ts";
import { showsHostRoot } from "../plan/root.ts";
import { type ContainerSpec, IMAGE_ID } from "../spec/spec.ts";
import { type Handle, lookAtExisting } from "../state/handle.ts";
import { type Places, placesAt } from "../state/places.ts";
import type { ContainerRecord } from "../state/record.ts";
import { checkExists, type Found } from "../state/status.ts";
import { isMountTable, MADE } from "./files/changes.ts";
import { ownedInside } from "./files/owners.ts";
import { exposedAlone } from "./listed-ports.ts";
import { isPausedNow, whilePaused } from "./pause.ts";

export interface CommitOptions {
  /** Without one it is called after its id. */
  readonly name: Reference | undefined;
  readonly author: string;
  readonly message: string;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
  /** Stop its processes meanwhile, where it runs. */
  readonly pause: boolean;
  readonly signal: AbortSignal;
}

/** Makes an image of what a container is now. Returns its id. Throws Failure. */
export async function commit(container: Handle, options: CommitOptions): Promise<string> {
  const { root, name } = container;
  const shim = await openShim();
  const found = lookAtExisting(container);
  if (showsHostRoot(found.record.spec))
    throw new Failure(`the container ${name} runs on this machine's own root (host), which is no image`, {
      code: "image-built-in",
      remedy: `tinydocker export ${name} writes all of its files`,
    });
  const work = async () => {
    const id = await commitFound(shim, placesAt(root, container.key), found, options);
    containerEvent(root, "commit", found.record, { imageID: id, comment: options.message });
    return id;
  };
  const isToBePaused = options.pause && found.status.state === "running" && !isPausedNow(root, found);
  if (!isToBePaused) return work();
  return whilePaused(container, work).catch((error: unknown) => {
    throw unlessPaused(name, error);
  });
}

/** A user who may make no cgroup can stop none of its processes. */
function unlessPaused(name: string, error: unknown): unknown {
  if (!(error instanceof Failure && error.code === "cgroup-refused")) return error;
  const { message, code } = error;
  return new Failure(message, { code, remedy: `tinydocker commit --pause=false ${name} … lets its processes run on` });
}

/** Those that it has besides what its image says. */
function portsOf(spec: ContainerSpec): string[] {
  const ports = [...spec.network.ports, ...exposedAlone(spec)];
  return ports.map(({ container, protocol }) => `${container}/${protocol}`);
}

async function commitFound(shim: Shim, places: Places, { record }: Found, options: CommitOptions): Promise<string> {
  const { root } = places;
  const { spec, life } = record;
  const { name, author, message, signal } = options;
  try {
    return await commitImage({
      ...{ shim, root, name, author, message, signal },
      by: "commit",
      layers: spec.root.layers,
      id: spec.annotations[IMAGE_ID],
      written: writtenIn(shim, places, record),
      configOf: (base) => withChanges(configOf(spec, portsOf(spec), life, base), options.changes),
      command: spec.process.args.join(" "),
    });
  } catch (error) {
    if (error instanceof BadImage) throw new Failure(`can't commit: ${error.message}`, { code: "image-invalid" });
    throw systemFailure(`can't commit the container ${record.name}`, root, "import-failed", error);
  }
}

function inside(entry: Entry | Whiteout, { linux }: ContainerSpec): Entry | Whiteout {
  return "metadata" in entry ? { ...entry, metadata: ownedInside(entry.metadata, linux) } : entry;
}

function isOwn(entry: Entry | Whiteout, own: ReadonlySet<string>): boolean {
  const path = `/${entry.path}`;
  if (entry.kind === "symlink" && isMountTable(path, entry.target)) return true;
  return entry.kind !== "directory" && own.has(path);
}

/** Without the files that are only there for something to be mounted on them. None of one that was never started. */
async function* writtenIn(shim: Shim, places: Places, record: ContainerRecord): AsyncGenerator<Entry | Whiteout> {
  const own = new Set([...record.spec.mounts.map(({ destination }) => destination), ...MADE]);
  try {
    if (existsSync(places.upper))
      for await (const entry of overlayTree(shim, places.upper))
        if (!isOwn(entry, own)) yield inside(entry, record.spec);
  } finally {
    // Half of what it has written is no image of it.
    checkExists(places, record);
  }
}
