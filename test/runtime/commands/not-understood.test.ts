import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { notUnderstood } from "../../../runtime/commands/not-understood.ts";
import { tinydocker } from "../../rig/tinydocker.ts";

const MISSING = "Not enough non-option arguments: got 0, need at least 1";
const DRIVER = 'Invalid values:\n  Argument: driver, Given: "overlay", Choices: "bridge"';

describe("words that a command can't use are named, with the help that lists what it can:", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      "nosuch x",
      "Unknown arguments: nosuch, x",
      "tinydocker has no command nosuch",
      "tinydocker --help lists the commands",
    ],
    [
      "network nosuch",
      "Unknown argument: nosuch",
      "tinydocker has no command network nosuch",
      "see tinydocker network --help",
    ],
    [
      "network create --ip-range=x n",
      "Unknown arguments: ip-range, ipRange",
      "unknown option '--ip-range'",
      "see tinydocker network create --help",
    ],
    ["images -qz", "Unknown argument: z", "unknown option '-z'", "see tinydocker images --help"],
    ["tag a b c", "Unknown argument: c", "unknown argument c", "see tinydocker tag --help"],
    ["volume rm", MISSING, "too few arguments: got 0, at least 1 needed", "see tinydocker volume rm --help"],
    [
      "network create -d overlay n",
      DRIVER,
      '--driver takes bridge, not "overlay"',
      "see tinydocker network create --help",
    ],
  ];
  for (const [words, said, message, remedy] of cases)
    it(words, () => {
      const failure = notUnderstood(said, words.split(" "));
      assert.deepEqual([failure.message, failure.remedy, failure.code], [message, remedy, "usage"]);
    });
});

describe("what yargs says of words is what is known of it here", async () => {
  const rig = await tinydocker({ after });
  for (const [words, message] of [
    [
      "network create --ip-range=x n",
      /^tinydocker: unknown option '--ip-range'\n {2}see tinydocker network create --help\n$/,
    ],
    ["images -qz", /^tinydocker: unknown option '-z'\n/],
    ["volume rm", /^tinydocker: too few arguments: got 0, at least 1 needed\n/],
    ["network create -d overlay n", /^tinydocker: --driver takes bridge, not "overlay"\n/],
    ["volume create -d nfs v", /^tinydocker: --driver takes local, not "nfs"\n/],
  ] as const)
    it(words, async () => {
      const { code, stdout, stderr } = await rig.run(words.split(" "));
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
    });
});
