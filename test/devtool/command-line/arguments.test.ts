import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../../../devtool/command-line/arguments.ts";
import { NAMES, ONLY_OF, OPTIONS } from "../../../devtool/command-line/tables.ts";
import { Failure } from "../../../devtool/failure.ts";

async function command(...argv: string[]) {
  const parsed = await parseArguments(argv);
  assert.equal(parsed.kind, "command");
  return parsed.kind === "command" ? parsed : assert.fail();
}

test("options after NAME belong to the command, even devtool's own", async () => {
  const parsed = await command(
    "run",
    "--target",
    "me@host",
    "hello1",
    "/bin/ls",
    "--target",
    "x",
    "--json",
    "--",
    "-1",
    "007",
  );
  assert.equal(parsed.options.target, "me@host");
  assert.equal(parsed.options.format, "human");
  assert.deepEqual(parsed.words, ["hello1", "/bin/ls", "--target", "x", "--json", "--", "-1", "007"]);
});

test("options may come before the command, and the last of a repeated one counts", async () => {
  const parsed = await command("--target", "a", "--json", "watch", "--target=b", "--accept-new-host-key", "n");
  assert.equal(parsed.options.target, "b");
  assert.equal(parsed.options.format, "json");
  assert.equal(parsed.options.acceptNewHostKey, true);
  assert.deepEqual(parsed.words, ["n"]);
});

test("a command named true or false is none of a flag's value", async () => {
  for (const [argv, words] of [
    [["watch", "--json", "true"], ["true"]],
    [
      ["run", "--provision", "--target", "box", "false", "--json", "true"],
      ["false", "--json", "true"],
    ],
    [["watch", "-i", "true"], ["true"]],
    [
      ["pull", "--dry-run", "true", "--json", "false"],
      ["true", "false"],
    ],
  ] as const) {
    const parsed = await command(...argv);
    assert.deepEqual(parsed.words, words);
  }
  assert.equal((await command("watch", "-i", "true")).options.interactive, true);
  assert.equal((await command("--json", "watch", "true")).options.format, "json");
});

test("--inspect takes no word for its port, and only what is before NAME is devtool's", async () => {
  const port = async (...argv: string[]) => (await command(...argv)).options.inspect;
  assert.equal(await port("run", "n"), undefined);
  assert.deepEqual(await port("run", "--inspect", "9230"), { port: 9229, targetPort: 9229, breaks: false });
  assert.deepEqual(await port("watch", "--inspect-brk", "n"), { port: 9229, targetPort: 9229, breaks: true });
  assert.deepEqual(await port("watch", "--inspect=9300:9301", "--target", "box", "n"), {
    port: 9300,
    targetPort: 9301,
    breaks: false,
  });
  assert.deepEqual(await port("--inspect-brk=9300", "run", "n", "--inspect=1"), {
    port: 9300,
    targetPort: 9300,
    breaks: true,
  });
  assert.deepEqual((await command("run", "n", "node", "--inspect-brk=9300")).words, [
    "n",
    "node",
    "--inspect-brk=9300",
  ]);
  for (const wrong of ["", "0", "65536", "a", "127.0.0.1:9229", "1:2:3", "1:"]) {
    await assert.rejects(parseArguments(["run", `--inspect=${wrong}`, "n"]), { code: "usage", exitCode: 2 });
  }
  await assert.rejects(parseArguments(["sync", "--inspect"]), { code: "usage" });
});

test("--forward and --reverse may be repeated, and take one mapping each", async () => {
  const { options, words } = await command(
    "run",
    "--forward",
    "8080",
    "--forward",
    "81:80",
    "--reverse=3000",
    "n",
    "82",
  );
  assert.deepEqual([options.ports.forward.length, options.ports.reverse.length], [2, 1]);
  assert.deepEqual(words, ["n", "82"]);
});

test("what follows exec and others of tinydocker's is passed on, --help too unless it comes first", async () => {
  const words = ["-it", "web", "ls", "--help", "--target", "x"];
  const parsed = await parseArguments(["--target", "box", "exec", ...words]);
  assert.ok(parsed.kind === "command");
  assert.deepEqual([parsed.name, parsed.options.target, parsed.words], ["exec", "box", words]);
  assert.equal((await parseArguments(["stats", "--help"])).kind, "help");
});

test("--target and --config may follow the name of a command whose other words are passed on", async () => {
  for (const name of ["ps", "up", "destroy"]) {
    const parsed = await command(name, "--target", "box", "--config=a.json", "-a", "--target", "x");
    assert.deepEqual([parsed.options.target, parsed.options.config], ["box", "a.json"], name);
    assert.deepEqual(parsed.words, ["-a", "--target", "x"]);
  }
  await assert.rejects(parseArguments(["up", "--target"]), /--target needs a value/);
});

test("options of up, halt and destroy are vagrant's", async () => {
  assert.deepEqual((await command("up", "--provider=libvirt", "--no-color")).words, [
    "--provider=libvirt",
    "--no-color",
  ]);
  assert.deepEqual((await command("destroy", "-f")).words, ["-f"]);
});

test("--help and --version work anywhere before NAME", async () => {
  assert.equal((await parseArguments(["--version"])).kind, "version");
  for (const argv of [["--help"], ["-h"], ["run", "--help"], ["--help", "run"], ["up", "--help"], ["help"]]) {
    const parsed = await parseArguments(argv);
    assert.equal(parsed.kind, "help", argv.join(" "));
  }
  assert.equal((await parseArguments(["run", "hello1", "--help"])).kind, "command");
  assert.deepEqual(await parseArguments(["help", "sync"]), await parseArguments(["sync", "--help"]));
});

test("the help of a command lists the options that it takes, and devtool's own all of them", async () => {
  const listed = async (...argv: string[]) => {
    const parsed = await parseArguments([...argv, "--help"]);
    return parsed.kind === "help" ? [...parsed.text.matchAll(/^ +(?:-\w, )?--([\w-]+)/gm)].map(([, name]) => name) : [];
  };
  assert.deepEqual(await listed(), Object.keys(OPTIONS));
  for (const name of NAMES) {
    const taken = Object.keys(OPTIONS).filter((option) => ONLY_OF[option]?.includes(name) ?? true);
    assert.deepEqual(await listed(name), taken, name);
  }
});

const REFUSED: readonly (readonly [readonly string[], string, string | undefined])[] = [
  [["run", "--tagret", "x", "n"], "unknown option --tagret", "did you mean --target?"],
  [["help", "syn"], "unknown command syn", "did you mean sync?"],
  [["run", "--accept-new-hostkey", "n"], "unknown option --accept-new-hostkey", "did you mean --accept-new-host-key?"],
  [["watch", "--on-busy", "wait"], '--on-busy must be restart, queue, ignore, not "wait"', undefined],
  [["run", "--interactive", "x"], "--interactive is an option of watch", undefined],
  [["status", "--force"], "--force is an option of sync, build, run, watch, ide, pull", undefined],
  [["sync", "--version"], "--version is an option of devtool without a command", undefined],
  [["run", "--dry-run"], "--dry-run is an option of sync, pull, clean", undefined],
  [["sync", "--provision"], "--provision is an option of run, watch", undefined],
  [["sync", "--yes"], "--yes is an option of clean", undefined],
  [["rnu"], "unknown command rnu", "did you mean run?"],
  [["sync", "--verylongnonsense"], "unknown option --verylongnonsense", "devtool --help"],
  [["sync", "hello1"], 'devtool sync takes no arguments, got "hello1"', undefined],
  [["run", "--target"], "--target needs a value", undefined],
  [["run", "--timings=yes", "x"], '--timings is true or false, not "yes"', undefined],
  [["pull", "x", "--force="], '--force is true or false, not ""', undefined],
  [["run", "-x"], "unknown option -x", "devtool --help"],
  [
    [],
    "no command given",
    "use one of: init, config, run, watch, sync, build, pull, doctor, provision, up, halt, destroy, trace, ide, exec, ps, logs, stop, rm, stats, ssh, clean, status, completion; see devtool --help",
  ],
];

for (const [argv, message, remedy] of REFUSED) {
  test(`"devtool ${argv.join(" ")}" is refused: ${message}`, async () => {
    await assert.rejects(parseArguments(argv), (error) => {
      assert.ok(error instanceof Failure, String(error));
      assert.deepEqual([error.message, error.remedy, error.exitCode], [message, remedy, 2]);
      return true;
    });
  });
}

test("options may follow the words of a command that takes no command of the user's; of ide they end at it", async () => {
  const pulled = await command("pull", "main.go", "--force", "--", "--odd");
  assert.deepEqual([pulled.options.force, pulled.words], [true, ["main.go", "--odd"]]);
  assert.equal((await command("config", "print", "--json")).options.format, "json");
  assert.equal((await command("trace", "x.html", "--json")).options.format, "json");
  const ide = await command("ide", "--target", "a", "vscode", "--force", "node", "x.js", "--json");
  assert.deepEqual([ide.options.target, ide.options.force, ide.options.format], ["a", true, "human"]);
  assert.deepEqual(ide.words, ["vscode", "node", "x.js", "--json"]);
  await assert.rejects(parseArguments(["pull", "x", "--forse"]), { code: "usage", exitCode: 2 });
});
