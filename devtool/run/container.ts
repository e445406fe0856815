import { posix } from "node:path";
import type { Mapping } from "../ports/mapping.ts";

const ENGINE = /^(tinydocker|docker|podman)(\.c?js)?$/;

/** Where the arguments of `run` begin, if the command starts a container. */
export function containerArguments(argv: readonly string[]): number | undefined {
  const engine = argv.findIndex((word) => ENGINE.test(posix.basename(word)));
  return engine >= 0 && argv[engine + 1] === "run" ? engine + 2 : undefined;
}

/** `[IP:]PORT:PORT`. A `-p` without a colon may be an option of the program in the container. */
const PUBLICATION = /^(?:(\[[0-9a-f:]+\]|[0-9.]+):)?(\d+):\d+(?:\/tcp)?$/i;

/** The TCP ports of the target that a container of the command publishes, each for the same of this machine. */
export function publishedBy(argv: readonly string[]): Mapping[] {
  const from = containerArguments(argv);
  const words = from === undefined ? [] : argv.slice(from);
  return words.flatMap((word, at) => {
    const [, written = words[at + 1] ?? ""] = /^(?:-p|--publish)(?:=?(?=.)(.+))?$/.exec(word) ?? [undefined, ""];
    const [, ip = "0.0.0.0", port] = PUBLICATION.exec(written) ?? [];
    if (port === undefined) return [];
    const host = ip === "0.0.0.0" || ip === "[::]" ? "localhost" : ip.replace(/^\[(.*)\]$/, "$1");
    return [
      {
        listen: { kind: "tcp", host: "localhost", port: Number(port) },
        to: { kind: "tcp", host, port: Number(port) },
      },
    ];
  });
}
