import { resolve } from "node:path";
import { layerBytes } from "../../container/files/size.ts";
import { settledNetworks } from "../../container/network/changing.ts";
import { cgroupsOf, isPaused } from "../../container/running/running.ts";
import { wait } from "../../container/wait.ts";
import { Failure } from "../../failure.ts";
import { inspectedImage } from "../../inspect/image.ts";
import { inspected } from "../../inspect/inspect.ts";
import { inspectedNetwork } from "../../inspect/network.ts";
import { inspectedVolume } from "../../inspect/volume.ts";
import { handleOf } from "../../state/containers.ts";
import { placesAt } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { type Struct, withOmitted } from "../../template/value.ts";
import { readVolume, volumeNames } from "../../volume/store.ts";
import { someOf } from "../operands.ts";
import { printInspected } from "../print-inspected.ts";
import { verb } from "./verb.ts";

export const inspectVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Print what is known of containers, images, volumes and networks, as JSON with docker's names",
  options: {
    format: { type: "string", short: "f", describe: "a template of Go, such as {{.State.Status}}, or json" },
    size: { type: "boolean", short: "s", describe: "with SizeRw and SizeRootFs of containers" },
    type: {
      type: "string",
      emptyIsUnset: true,
      describe: "only container, image, volume or network; default: whatever has the name first",
    },
  },
  run: async ({ format, type, size = false }, rest) => {
    const names = someOf(rest, "the name of what to inspect");
    const kinds = kindsOf(type);
    return printInspected(names, format, (name) => inspectedNow(name, kinds, size));
  },
});

type Inspected = Struct | undefined;
type Find = (root: string, name: string, size: boolean) => Inspected | Promise<Inspected>;

/** In docker's order. */
const KINDS = {
  container: inspectedContainer,
  image: inspectedImage,
  volume: (root, name) => {
    const volume = volumeNames(root).includes(name) ? readVolume(root, name) : undefined;
    return volume && inspectedVolume(root, volume);
  },
  network: async (root, name) => inspectedNetwork(root, await settledNetworks(root), name),
} as const satisfies Readonly<Record<string, Find>>;

type Kind = keyof typeof KINDS;

function kindsOf(type: string | undefined): readonly Kind[] {
  const all = Object.keys(KINDS) as Kind[];
  if (type === undefined) return all;
  const kind = all.find((one) => one === type);
  if (kind) return [kind];
  throw new Failure(`--type is container, image, volume or network, not ${JSON.stringify(type)}`, { code: "usage" });
}

const NOT_FOUND: Readonly<Record<Kind, Failure["code"]>> = {
  container: "container-not-found",
  image: "image-not-found",
  volume: "volume-not-found",
  network: "network-not-found",
};

async function inspectedNow(name: string, kinds: readonly Kind[], size: boolean): Promise<Struct> {
  const root = resolve(stateRoot());
  for (const kind of kinds) {
    const found = await unlessNone(() => KINDS[kind](root, name, size));
    if (found) return found;
  }
  const [first = "container", ...others] = kinds;
  const last = others.pop();
  throw new Failure(`there is no ${[first, ...others].join(", ")}${last ? ` or ${last}` : ""} ${name}`, {
    code: NOT_FOUND[first],
    remedy: "tinydocker ps -a, images, volume ls and network ls list what there is",
  });
}

/** What can't be a name of that kind is none of it. */
async function unlessNone(find: () => Inspected | Promise<Inspected>): Promise<Inspected> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof Failure && ["container-not-found", "name-invalid"].includes(error.code)) return undefined;
    throw error;
  }
}

async function inspectedContainer(root: string, asked: string, size: boolean): Promise<Struct> {
  const container = handleOf(root, asked);
  const places = placesAt(root, container.key);
  const networks = await settledNetworks(root);
  const { status } = findExisting(places, asked);
  // It has just ended: how is being recorded.
  if (status.state === "stopped" && !status.exit && !status.unseen) await wait(container);
  const found = findExisting(places, asked);
  const paused = isPaused(cgroupsOf(places, found.entries));
  const about = inspected(found, { places, networks, paused, now: Date.now() });
  if (!size) return withOmitted(about, { SizeRw: null, SizeRootFs: null });
  const { written, whole } = layerBytes(root, places, found.record.spec);
  return { ...about, SizeRw: written, SizeRootFs: whole };
}
