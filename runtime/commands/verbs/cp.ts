import { closeSync, constants, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { notRunning, openRunning } from "../../container/running.ts";
import { copyBetween, type End, MACHINE } from "../../copy/ends.ts";
import { Failure } from "../../failure.ts";
import { isAlive } from "../../host/process.ts";
import { openShim } from "../../host/shim.ts";
import { isTerminal } from "../../host/terminal.ts";
import { nameOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { say } from "../say.ts";
import { verb } from "./verb.ts";

export const cpVerb = verb({
  synopsis: "NAME:PATH DEST | SRC NAME:PATH",
  describe: "Copy files between this machine and a container that runs",
  options: {
    archive: { type: "boolean", short: "a", describe: "keep the owners' numbers; else the copies are yours" },
    "follow-link": { type: "boolean", short: "L", describe: "copy the directory that SRC is a link to" },
    quiet: { type: "boolean", short: "q", describe: "show no progress" },
  },
  run: async (values, ends) => {
    const [source, target, ...more] = ends;
    if (source === undefined || target === undefined || more.length > 0)
      throw misused("cp takes a source and a destination");
    const [from, to] = [partsOf(source), partsOf(target)];
    if ((from === undefined) === (to === undefined)) throw misused("one of the two must be in a container, NAME:PATH");
    const [container, path] = from ?? to ?? ["", ""];
    const { end, close } = await inContainer(container, path);
    try {
      const here = { side: MACHINE, path: from ? target : source };
      const meter = values.quiet ? () => {} : progressMeter();
      const { leftOut } = copyBetween(from ? end : here, from ? here : end, {
        keepOwners: values.archive ?? false,
        follow: values["follow-link"] ?? false,
        progress: meter,
      });
      meter(0);
      if (leftOut > 0) say(`tinydocker: ${leftOut} devices, FIFOs and sockets are left out\n`);
      return 0;
    } finally {
      close();
    }
  },
});

/** NAME and PATH; undefined of a path of this machine, as docker tells them apart. */
function partsOf(written: string): readonly [name: string, path: string] | undefined {
  if (written === "-") throw misused("- is not supported: pipe tar through tinydocker exec -i");
  const [, name, path] = /^([^./:][^/:]*):(.*)$/s.exec(written) ?? [];
  return name === undefined || path === undefined ? undefined : [name, path.startsWith("/") ? path : `/${path}`];
}

function misused(message: string): Failure {
  return new Failure(message, {
    code: "usage",
    remedy: "tinydocker cp NAME:PATH DEST, or tinydocker cp SRC NAME:PATH",
  });
}

/** Paths are resolved in the root of its first process, out of which no link leads. */
async function inContainer(written: string, path: string): Promise<{ end: End; close: () => void }> {
  const root = resolve(stateRoot());
  const name = nameOf(root, written);
  const shim = await openShim();
  const { process, pidfd } = await openRunning(shim, root, name);
  shim.close(pidfd);
  const top = openSync(`/proc/${process.pid}/root`, constants.O_RDONLY | constants.O_DIRECTORY);
  const close = () => closeSync(top);
  // Else it may be another process's by now.
  if (!isAlive(process)) {
    close();
    throw notRunning(name, "stopped");
  }
  const open = (path: string) => shim.openInside(`/proc/self/fd/${top}`, path);
  return { end: { side: { name: `the container ${name}`, open }, path }, close };
}

const SILENT_MS = 1000;
const REFRESH_MS = 200;

/** One line on a terminal, shown after the first second; 0 clears it. */
function progressMeter(): (files: number) => void {
  if (!isTerminal(2)) return () => {};
  let next = Date.now() + SILENT_MS;
  let shown = false;
  return (files) => {
    if (files > 0 && Date.now() < next) return;
    next = Date.now() + REFRESH_MS;
    if (files > 0 || shown) writeSync(2, files > 0 ? `\r\x1b[Kcopying: ${files} files` : "\r\x1b[K");
    shown = files > 0;
  };
}
