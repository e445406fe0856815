import { resolve } from "node:path";
import { type DiskUsage, diskUsage } from "../inspect/disk-usage.ts";
import { stateRoot } from "../state/root.ts";
import { formatAsked, rowsText } from "../template/rows.ts";
import { decimalSize } from "../template/size.ts";
import type { Struct } from "../template/value.ts";
import { operands } from "./operands.ts";
import { writeAll } from "./output/write.ts";
import { verb } from "./verbs/verb.ts";

const EACH = "tinydocker images, tinydocker ps -as and tinydocker history NAME list what each of them takes";

export const diskUsageVerb = verb({
  synopsis: "",
  describe: "Print what images, containers and volumes take of the disk, and what prune would free of it",
  options: { format: { type: "string", describe: "a template of Go, such as {{.Type}}: {{.Size}}, or json" } },
  unavailable: { v: EACH, verbose: EACH },
  run: async ({ format }, rest) => {
    operands(rest, []);
    writeAll(1, rowsText(formatAsked(format) ?? TABLE, diskUsage(resolve(stateRoot())).map(rowOf), TITLES));
    return 0;
  },
});

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
