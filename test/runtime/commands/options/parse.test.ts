import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Options } from "../../../../runtime/commands/options/option.ts";
import { parseOptions } from "../../../../runtime/commands/options/parse.ts";

const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

const OPTIONS = {
  env: { type: "string", short: "e", multiple: true, describe: "" },
  user: { type: "string", short: "u", describe: "" },
  interactive: { type: "boolean", short: "i", describe: "" },
  tty: { type: "boolean", short: "t", describe: "" },
  network: { type: "string", aliases: ["net"], multiple: true, describe: "" },
  workdir: { type: "string", emptyIsUnset: true, short: "w", describe: "" },
} as const satisfies Options;

const none = { env: [], user: undefined, interactive: undefined, tty: undefined, network: [], workdir: undefined };

/** Arguments, what is given, and what follows, each as docker's parser reads it. */
const CASES: readonly (readonly [readonly string[], object, readonly string[]])[] = [
  [[], {}, []],
  [["n", "-i"], {}, ["n", "-i"]],
  [["-", "-i"], {}, ["-", "-i"]],
  [["--", "-i"], {}, ["-i"]],
  [["-i", "--", "--", "-t"], { interactive: true }, ["--", "-t"]],
  [["-it", "n"], { interactive: true, tty: true }, ["n"]],
  [["-itu0", "n"], { interactive: true, tty: true, user: "0" }, ["n"]],
  [["-itu", "0", "n"], { interactive: true, tty: true, user: "0" }, ["n"]],
  [["-u=0", "n"], { user: "0" }, ["n"]],
  [["-u0:0"], { user: "0:0" }, []],
  [["-u", "1", "-u", "2"], { user: "2" }, []],
  [["-e=A=1", "-eB=2", "-e", "C", "--env=D=\n=", "--env", "E"], { env: ["A=1", "B=2", "C", "D=\n=", "E"] }, []],
  [["--net", "a", "--network=b", "--net=c"], { network: ["a", "b", "c"] }, []],
  [["-e", "-i"], { env: ["-i"] }, []],
  [["-e", "--"], { env: ["--"] }, []],
  [["--env=", "--user="], { env: [""], user: "" }, []],
  [["-w", "/a", "--workdir="], {}, []],
  [["-w", "", "-w/a"], { workdir: "/a" }, []],
  [["-i=false", "--tty=T"], { interactive: false, tty: true }, []],
  [["--tty", "false"], { tty: true }, ["false"]],
  [["--cgroupns", "private", "--sig-proxy", "-i", "--runtime=runc", "n"], { interactive: true }, ["n"]],
  [["--userns=host", "--isolation", "default", "--disable-content-trust", "--volume-driver", "local", "n"], {}, ["n"]],
  [
    ["--cgroupns=", "--platform", "", "--runtime", "runc", "--memory-swappiness=-1", "--blkio-weight", "0", "n"],
    {},
    ["n"],
  ],
  [["--sig-proxy=true", "--platform", `linux/${ARCHITECTURE}`, "n"], {}, ["n"]],
];

const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [["--nosuch"], /^unknown option '--nosuch'$/],
  [["--nosuch=1"], /^unknown option '--nosuch'$/],
  [["--toString"], /^unknown option '--toString'$/],
  [["--=1"], /^unknown option '--'$/],
  [["-x"], /^unknown option '-x'$/],
  [["--gpus"], /^tinydocker run has no --gpus$/],
  [["--userns=keep-id"], /^tinydocker run has no --userns$/],
  [["--sig-proxy=false"], /^tinydocker run has no --sig-proxy$/],
  [["--platform", "windows/amd64"], /^tinydocker run has no --platform$/],
  [["--platform"], /^tinydocker run has no --platform$/],
  [["-ix"], /^unknown option '-x' in -ix$/],
  [["-i-"], /^unknown option '--' in -i-$/],
  [["--net"], /^the option --net needs a value$/],
  [["--env"], /^the option --env needs a value$/],
  [["-ie"], /^the option -e needs a value$/],
  [["--tty=yes"], /^the option --tty is true or false, not "yes"$/],
  [["-t="], /^the option --tty is true or false, not ""$/],
];

const REMEDIES: readonly (readonly [string, RegExp])[] = [
  ["--usre", /^did you mean --user\?$/],
  ["--interactiv", /^did you mean --interactive\?$/],
  ["--nothing-like-it", /^tinydocker run \[OPTION…\] NAME CMD/],
  ["--userns=keep-id", /without root for a container/],
  ["--annotation=a=b", /^give it a label with -l/],
  ["--toString", /^tinydocker run \[OPTION…\] NAME CMD/],
];

describe("options", () => {
  for (const [argument, remedy] of REMEDIES) {
    it(`that are not here are refused with what to do instead: ${argument}`, () => {
      assert.throws(() => parseOptions(OPTIONS, [argument]), { remedy });
    });
  }

  for (const [args, values, rest] of CASES) {
    it(`are read as docker reads them: ${JSON.stringify(args)}`, () => {
      const read = parseOptions(OPTIONS, args);
      assert.deepEqual([read.values, read.rest], [{ ...none, ...values }, rest]);
    });
  }

  for (const [args, message] of REFUSED) {
    it(`are refused: ${JSON.stringify(args)}`, () => {
      assert.throws(() => parseOptions(OPTIONS, args), { code: "usage", message });
    });
  }
});
