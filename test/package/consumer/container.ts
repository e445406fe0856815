// Starts containers through the package, and prints what happened as one line of JSON.
import { closeSync, openSync, readFileSync } from "node:fs";
import {
  type Container,
  type ContainerRequest,
  type ExitStatus,
  Failure,
  type FailureCode,
  type Image,
  type ImportedImage,
  importImage,
  listImages,
  removeImage,
  type StartOptions,
  start,
} from "tinydocker";

const explained: string[] = [];
const output = openSync("output.txt", "w");
const request: ContainerRequest = {
  name: "hello1",
  args: ["sh", "-c", 'echo "$WORD in $(hostname)"; exit 3'],
  env: { WORD: "hello" },
  hostname: "house",
};
const options: StartOptions = { stdio: [0, output, 2], explain: (text) => void explained.push(text) };
const container: Container = await start(request, options);
closeSync(output);
const status: ExitStatus = await container.exited;

const asleep = await start({ name: "asleep", args: ["sleep", "1000"] });
const delivered: boolean = asleep.kill();
const killed = await asleep.exited;

const missing: unknown = await start({ name: "missing", args: ["/nosuch"] }).catch((error: unknown) => error);

const code: FailureCode | undefined = missing instanceof Failure ? missing.code : undefined;

const imported: ImportedImage = await importImage("small", process.argv[2] ?? "");
const images: Image[] = await listImages();
await removeImage("small");

process.stdout.write(
  `${JSON.stringify({
    status,
    output: readFileSync("output.txt", "utf8"),
    explained: / clone3\(\{flags=CLONE_VM\|/.test(explained.join("")),
    killed,
    delivered: [delivered, asleep.kill("SIGKILL")],
    missing: code,
    imported: [imported.name, imported.files, imported.warnings.length],
    images: [images.map(({ name }) => name), await listImages()],
  })}\n`,
);
