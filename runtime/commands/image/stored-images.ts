import { Failure } from "../../failure.ts";
import { pruneStored } from "../../image/content/remove.ts";
import { existingStored, howToGet } from "../../image/content/stored-image.ts";
import { tagStored } from "../../image/content/tag.ts";
import { unlessDamaged } from "../../image/damaged.ts";
import { counted } from "../../image/hints.ts";
import { imageConfig } from "../../image/layers/config-file.ts";
import { removeImage } from "../../image/remove.ts";
import { bytesInWords } from "../../image/words.ts";
import { inspectedImage } from "../../inspect/image.ts";
import { stateRoot } from "../../state/root.ts";
import { confirmed } from "../confirm.ts";
import { codeOfEach } from "../each-name.ts";
import { operands, someOf } from "../operands.ts";
import { writeAll } from "../output/write.ts";
import { printInspected } from "../print-inspected.ts";
import { PRUNE_FILTER, PRUNE_FORCE, pruneFilter, truthsOf } from "../prune-filter.ts";
import { verb } from "../verbs/verb.ts";

export const imageInspectVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Print what is known of images, as JSON with docker's names",
  options: { format: { type: "string", short: "f", describe: "a template of Go, such as {{.Config.Cmd}}, or json" } },
  run: async ({ format }, names) => {
    const root = stateRoot();
    const inspect = (name: string) => inspectedImage(root, name) ?? missing(name);
    return printInspected(someOf(names, "the name of the image"), format, inspect);
  },
});

export const imageRemoveVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Remove images that no container uses",
  options: {
    force: { type: "boolean", short: "f", describe: "none that is missing is an error; an id removes all names" },
    "no-prune": { type: "boolean", describe: "accepted: an image has no untagged parents" },
  },
  run: async ({ force = false }, rest) => {
    const remove = async (name: string) => {
      const { names, id } = await removeImage(stateRoot(), name, force);
      const deleted = id === undefined ? "" : `Deleted: ${id}\n`;
      writeAll(1, `${names.map((one) => `Untagged: ${one}\n`).join("")}${deleted}`);
    };
    return codeOfEach(someOf(rest, "the name of the image"), remove, force ? "image-not-found" : undefined);
  },
});

export const tagVerb = verb({
  synopsis: "NAME OTHER",
  describe: "Give an image another name: [HOST[:PORT]/]NAME[:TAG]",
  options: {},
  run: async (_values, rest) => {
    const [name, other] = operands(rest, ["the name of the image", "its other name"]);
    await tagStored(stateRoot(), name, other);
    return 0;
  },
});

export const imagePruneVerb = verb({
  synopsis: "",
  describe: "Remove the layers that no image and no container has, and what ended pulls left",
  options: {
    all: { type: "boolean", short: "a", describe: "and the images from registries that no container uses" },
    filter: { ...PRUNE_FILTER, describe: `${PRUNE_FILTER.describe}, dangling=true|false` },
    force: PRUNE_FORCE,
  },
  run: async ({ all: asked = false, filter, force }, rest) => {
    operands(rest, []);
    const { truths, others } = truthsOf("dangling", filter);
    const all = asked || truths.includes(false);
    const isWanted = pruneFilter(others);
    await confirmed(all ? "the images from registries that no container uses" : "the layers that no image has", force);
    const root = stateRoot();
    const { names, layers, bytes } = await pruneStored(root, (name) => all && isWanted(madeOf(root, name)));
    const removed = names.map((name) => `${name}\n`).join("");
    writeAll(1, `${removed}removed ${counted(layers, "layer")}, ${bytesInWords(bytes)}\n`);
    return 0;
  },
});

/** As the image says, not when it came here. */
function madeOf(root: string, name: string) {
  const image = unlessDamaged(() => inspectedImage(root, name));
  const config = unlessDamaged(() => existingStored(root, name).config);
  return { created: Date.parse(String(image?.["Created"])) || 0, labels: config && imageConfig(config).Labels };
}

function missing(name: string): never {
  throw new Failure(`there is no image ${name}`, {
    code: "image-not-found",
    remedy: howToGet(name),
  });
}
