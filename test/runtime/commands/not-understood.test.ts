import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { notUnderstood } from "../../../runtime/commands/not-understood.ts";
import { tinydocker } from "../../rig/tinydocker.ts";

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
    ["images -qz", "Unknown argument: z", "unknown option '-z'", "see tinydocker images --help"],
    ["network --nosuch", "Unknown argument: nosuch", "unknown option '--nosuch'", "see tinydocker network --help"],
  ];
  for (const [words, said, message, remedy] of cases)
    it(words, () => {
      const failure = notUnderstood(said, words.split(" "));
      assert.deepEqual([failure.message, failure.remedy, failure.code], [message, remedy, "usage"]);
    });
});

describe("what a command can't use is named, with what it can", async () => {
  const rig = await tinydocker({ after });
  it("takes a command behind --", async () => {
    assert.deepEqual(await rig.run(["--", "volume", "create", "v"]), {
      code: 0,
      signal: null,
      stdout: "v\n",
      stderr: "",
    });
  });

  for (const [words, message] of [
    [
      "network create --nosuch=x n",
      /^tinydocker: unknown option '--nosuch'\n {2}tinydocker network create NAME; see tinydocker network create --help\n$/,
    ],
    [
      "network create -d overlay n",
      /^tinydocker: --driver takes bridge, not "overlay"\n {2}tinydocker network create NAME/,
    ],
    ["--quiet images", /^tinydocker: the command is missing, such as run, ps or image\n/],
    ["--format=x volume ls", /^tinydocker: the command comes first, and its options behind it\n/],
    ["-- nosuch", /^tinydocker: tinydocker has no command nosuch\n/],
    ["network nosuch", /^tinydocker: tinydocker has no command network nosuch\n {2}see tinydocker network --help\n$/],
    ["network constructor", /^tinydocker: tinydocker has no command network constructor\n/],
    ["volume", /^tinydocker: the command is missing: create, ls, inspect, rm or prune\n/],
    ["volume create -d nfs v", /^tinydocker: --driver takes local, not "nfs"\n/],
    ["volume rm", /^tinydocker: the name of the volume is missing\n {2}tinydocker volume rm NAME \[NAME…\]; see/],
    ["volume remove", /^tinydocker: the name of the volume is missing\n/],
    [
      "images -qz",
      /^tinydocker: unknown option '-z' in -qz\n {2}tinydocker images \[PATTERN\]; see tinydocker images --help/,
    ],
    ["image ls --quiet=maybe", /^tinydocker: the option --quiet is true or false, not "maybe"\n/],
    ["tag a", /^tinydocker: its other name is missing\n {2}tinydocker tag NAME OTHER; see tinydocker tag --help\n$/],
    ["tag a b c", /^tinydocker: unknown argument c\n/],
    ["save -o", /^tinydocker: the option -o needs a value\n/],
    ["images --tree", /^tinydocker: tinydocker images has no --tree\n {2}an image is of this machine's kind alone/],
    [
      "network create -o a=b n",
      /^tinydocker: tinydocker network create has no -o\n {2}there are no options of drivers/,
    ],
    [
      "volume create --opt type=nfs v",
      /^tinydocker: a volume with type=nfs can't be made\n {2}mount it on this machine/,
    ],
    ["push -a x:1", /^tinydocker: --all-tags is for a name without a tag, not x:1\n {2}tinydocker push NAME/],
    ["start --checkpoint x y", /^tinydocker: tinydocker start has no --checkpoint\n {2}there are none/],
    [
      "exec --detach-keys=ctrl-a x y",
      /^tinydocker: tinydocker exec has no --detach-keys\n {2}all keys are the command's/,
    ],
    ["pull --all-tags x:1", /^tinydocker: --all-tags is for a name without a tag, not x:1\n {2}tinydocker pull NAME/],
    ["images --fil x", /^tinydocker: unknown option '--fil'\n {2}did you mean --filter\?\n$/],
    ["images -f since=nope", /^tinydocker: there is no image nope\n {2}tinydocker images lists/],
    ["images --version", /^tinydocker: unknown option '--version'\n/],
    ["stop", /^tinydocker: the name of the container is missing\n {2}tinydocker stop NAME \[NAME…\]; see/],
  ] as const)
    it(words, async () => {
      const { code, stdout, stderr } = await rig.run(words.split(" "));
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
    });

  for (const words of [
    ...["network rm", "network inspect", "network create", "volume rm", "volume inspect", "volume create"],
    ...["rmi", "image inspect", "history", "save", "save -o", "load -i", "export -o", "push"],
    ...[
      "rm",
      "rm -f",
      "start",
      "stop",
      "kill",
      "logs",
      "wait",
      "pause",
      "inspect",
      "port",
      "diff",
      "stats --no-stream",
      "top",
      "attach",
      "export",
      "cp a:/x",
      "commit",
    ],
  ])
    it(`${words} "" is refused as an empty word, before anything is touched`, async () => {
      const { code, stdout, stderr } = await rig.run([...words.split(" "), "", ...(/ -o$/.test(words) ? ["a"] : [])]);
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(
        stderr,
        /^tinydocker: the (name|file|source|destination)[a-z -]* is "", an empty word\n {2}tinydocker /,
      );
    });

  it("only tinydocker's own help has --version, and a command's is printed by docker's other words too", async () => {
    const help = async (...words: string[]) => (await rig.run(words)).stdout;
    assert.match(await help("-h"), /--version/);
    const images = await help("images", "--help");
    assert.match(images, /--digests/);
    assert.doesNotMatch(images, /--version/);
    assert.doesNotMatch(await help("network", "--help"), /--version/);
    for (const words of [
      ["images", "-h"],
      ["images", "--help=true"],
      ["help", "images"],
    ])
      assert.equal(await help(...words), images);
  });

  it("the help of what is no command is refused as the command is", async () => {
    const refused = async (...words: string[]) => {
      const { code, stdout, stderr } = await rig.run(words);
      assert.deepEqual([code, stdout], [125, ""]);
      return stderr;
    };
    for (const word of ["nosuch", "build"]) {
      const alone = await refused(word);
      assert.equal(await refused("help", word), alone);
      assert.equal(await refused(word, "--help"), alone);
    }
    assert.match(await refused("help", "image", "nosuch"), /tinydocker has no command image nosuch/);
  });
});
