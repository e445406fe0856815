import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import test from "node:test";
import { forLoginShell, quote, quoteArgv } from "../../../../devtool/targets/login-shell/quote.ts";
import fc from "../../../rig/fast-check.ts";

const argument = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom("'", '"', "\\", "$", "`", "!", "\n", " ", "%", "~", "*", "é", "日", "-", "a"),
      maxLength: 40,
    }),
  )
  .map((text) => text.replaceAll("\0", ""));

/** Prints each argument, followed by a NUL. */
const ECHO = 'for a do printf "%s\\0" "$a"; done';

function back(shell: string, line: string): string[] {
  const { stdout, stderr, status } = spawnSync(shell, ["-c", line], { encoding: "utf8" });
  assert.equal(status, 0, `${shell}: ${stderr}`);
  return stdout.split("\0").slice(0, -1);
}

/** The login shells that are installed here. */
function installed(...shells: string[]): string[] {
  return shells.filter((shell) => spawnSync("sh", ["-c", `command -v ${shell}`]).status === 0);
}

test("the real sh reads back every argument byte for byte", () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 6 }), (argv) => {
      assert.deepEqual(back("sh", `sh -c ${quote(ECHO)} sh ${quoteArgv(argv)}`), argv);
    }),
    { numRuns: 200 },
  );
});

for (const shell of installed("sh", "bash", "dash", "zsh", "csh", "tcsh", "fish")) {
  test(`a login shell that is ${shell} passes a script on unchanged`, () => {
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 6 }), (argv) => {
        const script = `sh -c ${quote(ECHO)} sh ${quoteArgv(argv)}`;
        assert.deepEqual(back(shell, forLoginShell(script)), argv);
      }),
      { numRuns: 60 },
    );
  });
}

test("a script for any login shell has no character that shells read differently", () => {
  fc.assert(
    fc.property(argument, (text) => {
      const line = forLoginShell(text);
      const inner = /^exec \/bin\/sh -c 'eval "\$\(printf "(.*)"\)"'$/.exec(line)?.[1];
      assert.match(inner ?? "nothing", /^([A-Za-z0-9 _/:.,=@+-]|\\[0-7]{3})*$/);
    }),
  );
});

test("plain words are not quoted, and the empty argument stays one word", () => {
  assert.equal(
    quoteArgv(["rsync", "--server", "-logDtpre.iLsfxCIvu", ".", "/home/me/x"]),
    "rsync --server -logDtpre.iLsfxCIvu . /home/me/x",
  );
  assert.equal(quoteArgv(["", "it's", "~"]), `'' 'it'\\''s' '~'`);
});

test("an argument with a NUL is refused", () => {
  assert.throws(() => quote("a\0b"), TypeError);
});

test("the shell's exit code passes through", () => {
  assert.throws(() => execFileSync("sh", ["-c", forLoginShell("exit 7")]), { status: 7 });
});
