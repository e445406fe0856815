import { release } from "node:os";
import { thisArchitecture } from "../../host/architecture.ts";
import { templateOf } from "../../template/template.ts";
import { jsonOf } from "../../template/value.ts";
import { operands } from "../operands.ts";
import { writeAll } from "../output/write.ts";
import { version } from "../version.ts";
import { verb } from "./verb.ts";

export const versionVerb = verb({
  synopsis: "",
  describe: "Print the version of tinydocker",
  options: {
    format: { type: "string", short: "f", describe: "a template of Go, such as {{.Server.Version}}, or json" },
  },
  run: async ({ format }, rest) => {
    operands(rest, []);
    const program = { Version: version(), Os: "linux", Arch: thisArchitecture(), KernelVersion: release() };
    // There is no server: the program that was asked does the work.
    const about = { Client: program, Server: program };
    const template = !format ? version : format === "json" ? jsonOf : templateOf(format);
    writeAll(1, `${template(about)}\n`);
    return 0;
  },
});
