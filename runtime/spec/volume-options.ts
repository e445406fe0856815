import { Failure } from "../failure.ts";

/** Of docker's driver local. */
export type VolumeOptions = Readonly<Record<string, string>>;

const BIND = "-o type=none -o o=bind -o device=DIR";
const IN_MEMORY = `--tmpfs DST gives one container such a directory; for several, make one in /dev/shm, and name it: ${BIND}`;
const MOUNTED = `mount it on this machine, and name where: ${BIND}`;

/** KEY=VALUE each: type, o and device, which name a directory of this machine that the volume is. Throws Failure for anything else. */
export function volumeOptionsOf(written: readonly string[]): VolumeOptions {
  const options = Object.fromEntries(written.map(optionOf));
  if (written.length === 0) return options;
  const { type = "none", o = "", device } = options;
  const words = o.split(",");
  if (!words.some(isBind)) throw notMade(type, o);
  const unknown = words.find((word) => !isBind(word) && word !== "rw");
  if (unknown !== undefined)
    throw refused(`a volume with o=${o} can't be made: ${JSON.stringify(unknown)} is not supported`, READONLY);
  if (device?.startsWith("/")) return options;
  throw refused(`${JSON.stringify(device ?? "")} is not the absolute path of a directory`, `use ${BIND}`);
}

const READONLY = "give it to a container read-only with -v NAME:DST:ro";

function isBind(word: string): boolean {
  return word === "bind" || word === "rbind";
}

function optionOf(written: string): [string, string] {
  const [key = "", value] = written.split(/=(.*)/s);
  if (value === undefined || key === "") throw refused(`${JSON.stringify(written)} is not KEY=VALUE`, `use ${BIND}`);
  if (key === "type" || key === "o" || key === "device") return [key, value];
  throw refused(`a volume has no option ${JSON.stringify(key)}`, `use ${BIND}`);
}

function notMade(type: string, o: string): Failure {
  const what = o === "" ? `type=${type}` : `type=${type} and o=${o}`;
  return refused(`a volume with ${what} can't be made`, type === "tmpfs" ? IN_MEMORY : MOUNTED);
}

function refused(message: string, remedy: string): Failure {
  return new Failure(message, { code: "usage", remedy });
}
