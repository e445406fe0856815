import { resolve } from "node:path";
import { inspectedMachine } from "../../inspect/machine.ts";
import { stateRoot } from "../../state/root.ts";
import { binarySize } from "../../template/size.ts";
import { type Struct, textOf } from "../../template/value.ts";
import { operands } from "../operands.ts";
import { printAbout } from "../print-inspected.ts";
import { version } from "../version.ts";
import { verb } from "./verb.ts";

export const infoVerb = verb({
  synopsis: "",
  describe: "Print how many containers and images there are, and what machine this is",
  options: { format: { type: "string", short: "f", describe: "a template of Go, such as {{.Driver}}, or json" } },
  run: async ({ format }, rest) => {
    operands(rest, []);
    printAbout(await inspectedMachine(resolve(stateRoot()), version()), format, inLines);
    return 0;
  },
});

/** docker's words for what people look for, and the fields that they are about. */
const LINES: readonly (readonly [string, string])[] = [
  ["Containers", "Containers"],
  [" Running", "ContainersRunning"],
  [" Paused", "ContainersPaused"],
  [" Stopped", "ContainersStopped"],
  ["Images", "Images"],
  ["Server Version", "ServerVersion"],
  ["Storage Driver", "Driver"],
  ["Logging Driver", "LoggingDriver"],
  ["Cgroup Version", "CgroupVersion"],
  ["Kernel Version", "KernelVersion"],
  ["Operating System", "OperatingSystem"],
  ["OSType", "OSType"],
  ["Architecture", "Architecture"],
  ["CPUs", "NCPU"],
  ["Total Memory", "MemTotal"],
  ["Name", "Name"],
  ["Docker Root Dir", "DockerRootDir"],
];

const SIZE_DIGITS = 4;

function inLines(about: Struct): string {
  const shown: Struct = { ...about, MemTotal: binarySize(Number(about["MemTotal"]), SIZE_DIGITS) };
  return LINES.map(([word, field]) => `${word}: ${textOf(shown[field])}`).join("\n");
}
