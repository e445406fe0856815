import { release } from "node:os";
import { thisArchitecture } from "../../host/architecture.ts";
import { operands } from "../operands.ts";
import { printAbout } from "../print-inspected.ts";
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
    // Both are this program: there is no server.
    printAbout({ Client: program, Server: program }, format, version);
    return 0;
  },
});
