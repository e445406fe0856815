import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { type DiskUsage, diskUsage } from "../inspect/disk-usage.ts";
import { stateRoot } from "../state/root.ts";
import { formatAsked, rowsText } from "../template/rows.ts";
import { decimalSize } from "../template/size.ts";
import type { Struct } from "../template/value.ts";
import { eachUsage } from "./disk-usage-each.ts";
import { operands } from "./operands.ts";
import { writeAll } from "./output/write.ts";
import { verb } from "./verbs/verb.ts";

export const diskUsageVerb = verb({
  synopsis: "",
  describe: "Print what images, containers and volumes take of the disk, and what prune would free of it",
  options: {
    format: { type: "string", describe: "a template of Go, such as {{.Type}}: {{.Size}}, or json" },
    verbose: { type: "boolean", short: "v", describe: "what each image, container and volume takes" },
  },
  run: async ({ format, verbose }, rest) => {
    operands(rest, []);
    if (verbose && formatAsked(format) !== undefined) throw tablesAlone();
    if (verbose) writeAll(1, await eachUsage(resolve(stateRoot())));
    else writeAll(1, rowsText(formatAsked(format) ?? TABLE, diskUsage(resolve(stateRoot())).map(rowOf), TITLES));
    return 0;
  },
});

function tablesAlone(): Failure {
  return new Failure("--verbose prints tables, and takes no --format", {
    code: "usage",
    remedy: "tinydocker images, ps -as and volume ls take one",
  });
}

const TABLE = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
const TITLES: Struct = {
  Type: "TYPE",
  TotalCount: "TOTAL",
  Active: "ACTIVE",
  Size: "SIZE",
  Reclaimable: "RECLAIMABLE",
};
const SIZE_DIGITS = 4;

/** In the words of `docker system df --format`. */
function rowOf({ type, total, active, bytes, reclaimable }: DiskUsage): Struct {
  const share = bytes > 0 ? ` (${Math.floor((reclaimable * 100) / bytes)}%)` : "";
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: decimalSize(bytes, SIZE_DIGITS),
    Reclaimable: `${decimalSize(reclaimable, SIZE_DIGITS)}${share}`,
  };
}
