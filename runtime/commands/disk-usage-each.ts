import { filesBytes } from "../container/files/size.ts";
import { listed } from "../container/listing.ts";
import { isPausedNow } from "../container/pause.ts";
import { sizeOf } from "../image/content/describe.ts";
import { findStored } from "../image/content/stored-image.ts";
import { unlessDamaged } from "../image/damaged.ts";
import { allImages, type Listed } from "../image/listing.ts";
import { IMAGE_ID, imageName } from "../spec/spec.ts";
import { findEach } from "../state/containers.ts";
import { placesOf } from "../state/places.ts";
import type { Found } from "../state/status.ts";
import { rowsText } from "../template/rows.ts";
import { decimalSize } from "../template/size.ts";
import type { Struct } from "../template/value.ts";
import { usersOf } from "../volume/remove.ts";
import { dataOf, volumeNames } from "../volume/store.ts";
import { imageRows } from "./image/list.ts";
import { COMMAND_LENGTH, ellipsis } from "./verbs/ps.ts";

const SIZE_DIGITS = 3;
const inWords = (bytes: number) => decimalSize(bytes, SIZE_DIGITS);

/** What each image, container and volume takes of the disk: the tables of `docker system df -v`. */
export async function eachUsage(root: string): Promise<string> {
  const found = findEach(root, () => {});
  const images = (await allImages(root)).filter(({ host }) => !host);
  return [
    `Images space usage:\n\n${rowsText(IMAGES, imagesIn(root, images, found), TITLES)}`,
    `Containers space usage:\n\n${rowsText(CONTAINERS, containersIn(root, found), { ...TITLES, ID: "CONTAINER ID" })}`,
    `Local Volumes space usage:\n\n${rowsText(VOLUMES, volumesIn(root), TITLES)}`,
    `Build cache usage: 0B\n\n${rowsText(BUILD_CACHE, [], TITLES)}`,
  ].join("\n");
}

const IMAGES =
  "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
const CONTAINERS =
  "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
const VOLUMES = "table {{.Name}}\t{{.Links}}\t{{.Size}}";
const BUILD_CACHE =
  "table {{.CacheID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsed}}\t{{.Usage}}\t{{.Shared}}";
const TITLES: Struct = {
  Repository: "REPOSITORY",
  Tag: "TAG",
  ID: "IMAGE ID",
  CreatedSince: "CREATED",
  Size: "SIZE",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
  Containers: "CONTAINERS",
  Image: "IMAGE",
  Command: "COMMAND",
  LocalVolumes: "LOCAL VOLUMES",
  RunningFor: "CREATED",
  Status: "STATUS",
  Names: "NAMES",
  Name: "VOLUME NAME",
  Links: "LINKS",
  CacheID: "CACHE ID",
  CacheType: "CACHE TYPE",
  LastUsed: "LAST USED",
  Usage: "USAGE",
  Shared: "SHARED",
};

/** The layers of an image that other images have too are shared, not those that it has under another name. */
function imagesIn(root: string, images: readonly Listed[], found: readonly Found[]): Struct[] {
  const layers = new Map(images.map((image) => [image.id ?? image.name, layersOf(root, image)]));
  const isShared = (layer: string, of: string) => [...layers].some(([id, others]) => id !== of && others.has(layer));
  return imageRows(root, images, false, (image) => {
    const id = image.id ?? image.name;
    const shared = sizeOf(
      root,
      [...(layers.get(id) ?? [])].filter((layer) => isShared(layer, id)),
    ).bytes;
    return {
      SharedSize: inWords(shared),
      UniqueSize: inWords((image.bytes ?? 0) - shared),
      Containers: String(found.filter((one) => isOf(one, image)).length),
    };
  });
}

/** None of one that was imported, which is a root file system of its own. */
function layersOf(root: string, { id, name }: Listed): ReadonlySet<string> {
  const stored = id === undefined ? undefined : unlessDamaged(() => findStored(root, name));
  return new Set(stored?.config.rootfs.diff_ids);
}

function isOf({ record: { spec } }: Found, { id, name }: Listed): boolean {
  return id === undefined ? imageName(spec) === name : spec.annotations[IMAGE_ID] === id;
}

function containersIn(root: string, found: readonly Found[]): Struct[] {
  const networks = { networks: [], leases: [] };
  return found
    .toSorted((a, b) => b.record.created - a.record.created)
    .map((one) => {
      const row = listed(one, { root, now: Date.now(), paused: isPausedNow(root, one), networks });
      const Size = inWords(filesBytes(placesOf(root, one.record.name).upper));
      return { ...row, Command: JSON.stringify(ellipsis(row.Command, COMMAND_LENGTH)), Size };
    });
}

function volumesIn(root: string): Struct[] {
  return volumeNames(root).map((name) => ({
    Name: name,
    Links: String(usersOf(root, name).length),
    Size: inWords(filesBytes(dataOf(root, name))),
  }));
}
