import { inWords, timeInWords } from "../../container/listing.ts";
import { momentOf } from "../../container/log/moment.ts";
import { Failure } from "../../failure.ts";
import { unlessDamaged } from "../../image/damaged.ts";
import { allImages, type Listed, listingJson, shortId } from "../../image/listing.ts";
import { matchesName, withoutTag } from "../../image/registry/name-pattern.ts";
import { inspectedImage } from "../../inspect/image.ts";
import { stateRoot } from "../../state/root.ts";
import { formatAsked, rowsText } from "../../template/rows.ts";
import { decimalSize } from "../../template/size.ts";
import type { Struct } from "../../template/value.ts";
import { filterOf, filterOption, hasLabel, type Matchers, truthOf } from "../filter.ts";
import { operands } from "../operands.ts";
import { writeAll } from "../output/write.ts";
import { verb } from "../verbs/verb.ts";

const FILTERS =
  "reference=PATTERN, label=KEY[=VALUE], before=IMAGE, since=IMAGE, until=TIME|DURATION, dangling=true|false";

export const imageListVerb = verb({
  synopsis: "[PATTERN]",
  describe: "List the images, or those of a name, with or without a tag",
  options: {
    json: { type: "boolean", describe: "as one JSON array" },
    quiet: { type: "boolean", short: "q", describe: "only their ids, and the names of imported ones" },
    all: { type: "boolean", short: "a", describe: "accepted: there are no intermediate images" },
    filter: filterOption(FILTERS),
    format: { type: "string", describe: "a template of Go, such as {{.Repository}}:{{.Tag}}, or json" },
    "no-trunc": { type: "boolean", describe: "whole ids" },
    digests: { type: "boolean", describe: "with the digests of their manifests" },
  },
  unavailable: { tree: "an image is of this machine's kind alone: tinydocker history NAME lists its layers" },
  run: async ({ json = false, quiet, filter, format, digests = false, "no-trunc": isWhole = false }, rest) => {
    // An empty one is none, as docker has it.
    const [pattern] = rest.length === 0 || (rest.length === 1 && rest[0] === "") ? [] : operands(rest, ["the pattern"]);
    const root = stateRoot();
    const filters = [...filter, ...(pattern === undefined ? [] : [`reference=${pattern}`])];
    const isWanted = filterOf(filters, MATCHERS, FILTERS);
    const all = await allImages(root);
    const images = filters.length > 0 ? all.filter((image) => !image.host && isWanted(image)) : all;
    if (json) writeAll(1, listingJson(images));
    else {
      const asked = formatAsked(format) ?? (quiet ? "{{.ID}}" : undefined);
      const template = digests && asked?.startsWith("table") ? `${asked}\t{{.Digest}}` : asked;
      const rows = imageRows(root, asked === undefined ? images : images.filter(({ host }) => !host), isWhole);
      writeAll(1, rowsText(template ?? (digests ? TABLE_WITH_DIGESTS : TABLE), rows, TITLES));
    }
    return 0;
  },
});

const MATCHERS: Matchers<Listed> = {
  reference: (value) => {
    const matches = matchesName(value);
    return ({ name }) => matches(name);
  },
  label: (value) => {
    const matches = hasLabel(value);
    return ({ config }) => matches(config?.Labels ?? {});
  },
  before: (value) => {
    const moment = madeAt(value);
    return ({ name }) => madeAt(name) < moment;
  },
  since: (value) => {
    const moment = madeAt(value);
    return ({ name }) => madeAt(name) > moment;
  },
  until: (value) => {
    const moment = Date.parse(momentOf("--filter until", value, Date.now()));
    return ({ name }) => madeAt(name) < moment;
  },
  // An image without a name is removed with its last one.
  dangling: (value) => {
    const wanted = truthOf("dangling", value, FILTERS);
    return () => !wanted;
  },
};

/** Milliseconds since 1970, as the image says. Throws Failure for none. */
function madeAt(name: string): number {
  const image = inspectedImage(stateRoot(), name);
  if (!image)
    throw new Failure(`there is no image ${name}`, {
      code: "image-not-found",
      remedy: "tinydocker images lists those there are",
    });
  return Date.parse(String(image["Created"])) || 0;
}

const TITLES: Struct = {
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
};

const TABLE = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const TABLE_WITH_DIGESTS = TABLE.replace("{{.Tag}}", "{{.Tag}}\t{{.Digest}}");
const NONE = "<none>";
/** Of an image that can't have it. */
const WITHOUT = "-";
const SIZE_DIGITS = 3;

/** The newest first, as docker has them. `more`: of each, what a list alone does not say. */
export function imageRows(
  root: string,
  images: readonly Listed[],
  isWhole: boolean,
  more: (image: Listed) => Struct = () => UNTOLD,
): Struct[] {
  const dated = images.map((image) => ({ image, made: dateOf(root, image) })).toSorted((a, b) => b.made - a.made);
  return dated.map(({ image, made }) => ({
    ...fieldsOf(image, made, isWhole),
    ...more(image),
    ...oddFieldsOf(image),
  }));
}

const UNTOLD: Struct = { Containers: "N/A", SharedSize: "N/A", UniqueSize: "N/A" };

/** Milliseconds since 1970; 0: not known. */
function dateOf(root: string, { name }: Listed): number {
  return Date.parse(String(unlessDamaged(() => inspectedImage(root, name))?.["Created"])) || 0;
}

/** In the words of `docker images --format`. */
function fieldsOf({ name, id, digest, bytes }: Listed, made: number, isWhole: boolean): Struct {
  const { name: repository, tag } = /^(?<name>.*):(?<tag>[^:/@]+)$/.exec(name.replace(/@.*$/, ""))?.groups ?? {};
  return {
    ID: isWhole ? (id ?? name) : id === undefined ? name : shortId(id),
    Repository: repository ?? withoutTag(name),
    Tag: tag ?? (digest === undefined ? WITHOUT : NONE),
    Digest: digest ?? NONE,
    CreatedSince: made > 0 ? `${inWords(Date.now() - made)} ago` : "N/A",
    CreatedAt: made > 0 ? timeInWords(made) : "N/A",
    Size: decimalSize(bytes ?? 0, SIZE_DIGITS),
  };
}

function oddFieldsOf({ host, damaged }: Listed): Struct {
  if (host) return { ID: WITHOUT, Digest: WITHOUT, CreatedSince: "built in", Size: WITHOUT };
  return damaged ? { Size: "damaged" } : {};
}
