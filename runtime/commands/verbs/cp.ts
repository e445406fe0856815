import { createReadStream, writeSync } from "node:fs";
import { resolve } from "node:path";
import { openRoot } from "../../container/files/files.ts";
import type { View } from "../../container/files/view.ts";
import type { Copied } from "../../copy/copy.ts";
import { copyBetween, type End, MACHINE } from "../../copy/ends.ts";
import { containerEvent } from "../../events/container.ts";
import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";
import { openShim, type Shim } from "../../host/shim.ts";
import { isTerminal } from "../../host/terminal.ts";
import type { Namespaces } from "../../spec/namespaces.ts";
import { handleOf } from "../../state/containers.ts";
import { lookAtExisting } from "../../state/handle.ts";
import { stateRoot } from "../../state/root.ts";
import { notEmpty } from "../operands.ts";
import type { Options, Values } from "../options/option.ts";
import { archiveToOutput } from "../output/archive-output.ts";
import { say } from "../output/say.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "./verb.ts";

const OPTIONS = {
  archive: { type: "boolean", short: "a", describe: "keep the owners' numbers; else the copies are yours" },
  "follow-link": { type: "boolean", short: "L", describe: "copy what SRC is a link to" },
  quiet: { type: "boolean", short: "q", describe: "show no progress" },
} as const satisfies Options;

export const cpVerb = verb({
  synopsis: "NAME:PATH DEST|- | SRC|- NAME:PATH",
  describe: "Copy files between this machine and a container; -: a tar archive on standard output or input",
  options: OPTIONS,
  run: async (values, ends) => {
    const request = requestOf(ends);
    await undoneBySignals((signal) => copyAndReport(request, values, signal));
    return 0;
  },
});

async function copyAndReport(request: Request, values: Values<typeof OPTIONS>, signal: AbortSignal): Promise<void> {
  const root = resolve(stateRoot());
  const shim = await openShim();
  const container = handleOf(root, request.container);
  const view = await openRoot(shim, container, request.toContainer ? "write" : "read");
  const meter = values.quiet ? () => {} : progressMeter();
  try {
    const options = {
      keepOwners: values.archive ?? false,
      follow: values["follow-link"] ?? false,
      progress: meter,
      signal,
    };
    const { record } = lookAtExisting(container);
    containerEvent(root, request.toContainer ? "extract-to-dir" : "archive-path", record);
    const { leftOut } = await copied(
      shim,
      root,
      { ...request, end: endIn(shim, view, container.name, request.path), linux: record.spec.linux },
      options,
    );
    meter(0);
    if (leftOut > 0) say(`tinydocker: ${leftOut} devices, FIFOs and sockets are left out\n`);
  } catch (error) {
    throw copyFailure(request, error);
  } finally {
    await view.close();
  }
}

/** What the target's file system refuses, in a line. */
function copyFailure({ container, path, here, toContainer }: Request, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Failure || !("syscall" in error)) return error;
  const { errno = 0, code } = error as NodeJS.ErrnoException;
  // A reader that is gone has what it wants.
  if (code === "EPIPE") return error;
  const remedies: Readonly<Record<string, string>> = {
    EROFS: "copy to a volume or tmpfs of it, which is writable",
    ENOSPC: "free some space there",
  };
  const remedy = remedies[code ?? ""];
  return new Failure(`can't copy to ${toContainer ? `${container}:${path}` : here}: ${errnoText(-errno)}`, {
    code: code === "ENOSPC" ? "no-space" : "usage",
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}

interface Request {
  readonly container: string;
  readonly path: string;
  /** The other side; "-": a stream. */
  readonly here: string;
  readonly toContainer: boolean;
}

function requestOf(ends: readonly string[]): Request {
  const [source, target, ...more] = ends;
  if (source === undefined || target === undefined || more.length > 0)
    throw misused("cp takes a source and a destination");
  notEmpty(source, "the source");
  notEmpty(target, "the destination");
  const [from, to] = [partsOf(source), partsOf(target)];
  if ((from === undefined) === (to === undefined)) throw misused("one of the two must be in a container, NAME:PATH");
  const [container, path] = from ?? to ?? ["", ""];
  return { container, path, here: from ? target : source, toContainer: from === undefined };
}

/** NAME and PATH; undefined of a path of this machine, as docker tells them apart. */
function partsOf(written: string): readonly [name: string, path: string] | undefined {
  const [, name, path] = /^([^./:][^/:]*):(.*)$/s.exec(written) ?? [];
  notEmpty(path, `the path in the container ${name}`);
  return name === undefined || path === undefined ? undefined : [name, path.startsWith("/") ? path : `/${path}`];
}

function misused(message: string): Failure {
  return new Failure(message, {
    code: "usage",
    remedy: "tinydocker cp NAME:PATH DEST, or tinydocker cp SRC NAME:PATH",
  });
}

function endIn(shim: Shim, { top }: View, name: string, path: string): End {
  const open = (path: string) => shim.openInside(`/proc/self/fd/${top}`, path);
  return { side: { name: `the container ${name}`, open }, path };
}

type CopyOptions = Parameters<typeof copyBetween>[2];

async function copied(
  shim: Shim,
  root: string,
  { end, linux, here, toContainer }: Request & { readonly end: End; readonly linux: Namespaces },
  options: CopyOptions,
): Promise<Pick<Copied, "leftOut">> {
  if (here !== "-") {
    const other = { side: MACHINE, path: here };
    return toContainer ? copyBetween(other, end, options) : copyBetween(end, other, options);
  }
  // Loaded only now, with what reads and writes archives.
  const { archiveOf, extractInto } = await import("../../copy/stream.ts");
  if (toContainer) {
    const archive = createReadStream("", { fd: 0, autoClose: false });
    return extractInto(end, { root, archive, ...options, keepOwners: process.geteuid?.() === 0 });
  }
  const instead = "tinydocker cp NAME:PATH - | tar x";
  await archiveToOutput(archiveOf(shim, end, linux, options.follow), instead, options.signal);
  return { leftOut: 0 };
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
