// Pulls an image through the package, starts a container of it, and prints what happened as one line of JSON.
import { closeSync, openSync, readFileSync } from "node:fs";
import {
  type Container,
  Failure,
  type Image,
  type LayerProgress,
  type LayerState,
  listImages,
  loadImages,
  type PulledImage,
  type PullOptions,
  pullImage,
  removeImage,
  start,
} from "tinydocker";

const [registry = "", archive = ""] = process.argv.slice(2);
const states: LayerState[] = [];
const options: PullOptions = { progress: ({ state }: LayerProgress) => void states.push(state) };
const pulled: PulledImage = await pullImage(`${registry}/image`, options);
const again = await pullImage(`${registry}/image@${pulled.digest}`);

const output = openSync("said.txt", "w");
const container: Container = await start({ name: "own", image: pulled.name, args: [] }, { stdio: [0, output, 2] });
closeSync(output);
const { code } = await container.exited;

const missing: unknown = await pullImage(`${registry}/nosuch`).catch((error: unknown) => error);
const loaded: string[] = await loadImages(archive, { name: "loaded" });
const images: Image[] = await listImages();
for (const { name } of images) await removeImage(name);

process.stdout.write(
  `${JSON.stringify({
    states: [states[0], states.at(-1)],
    again: [again.id === pulled.id, again.warnings],
    said: [code, readFileSync("said.txt", "utf8")],
    missing: missing instanceof Failure ? missing.code : undefined,
    loaded,
    images: [images.map(({ name, config }) => [name.replace(registry, ""), config?.Cmd]), await listImages()],
  })}\n`,
);
