import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { ConnectionLost } from "../../../../devtool/failure.ts";
import { encodeLine, HELLO, ROOT } from "../../../../devtool/protocol/hello.ts";
import { Greeting, NoAgent, NoNode } from "../../../../devtool/targets/agent-client/greeting.ts";
import fc from "../../../rig/fast-check.ts";
import { BAD_HELLOS, HELLO_WITH_ACCENTS } from "./hello.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const DEADLINE_MS = 30_000;

function greeting(upload?: () => void): Greeting {
  return new Greeting({ token: TOKEN, deadlineMs: DEADLINE_MS, ...(upload ? { upload } : {}) });
}

const ROOT_HELLO = { failed: "sudo: un mot de passe est nécessaire" };
const BYTES = Buffer.from(
  `Добро пожаловать\nmotd ${encodeLine(TOKEN, HELLO, HELLO_WITH_ACCENTS)}${encodeLine(TOKEN, ROOT, ROOT_HELLO)}`,
);

async function assertRead(chunks: readonly Buffer[]): Promise<void> {
  const reader = greeting();
  for (const chunk of chunks) reader.stdout(chunk);
  assert.deepEqual(await reader.hello, HELLO_WITH_ACCENTS);
  assert.deepEqual(await reader.root, ROOT_HELLO);
}

test("a greeting split at any byte reads the same, inside a character too", async () => {
  for (let at = 0; at <= BYTES.length; at++) await assertRead([BYTES.subarray(0, at), BYTES.subarray(at)]);
  await assertRead([...BYTES].map((byte) => Buffer.of(byte)));
});

test("a greeting reads the same, however it is split into chunks", async () => {
  const cuts = fc.uniqueArray(fc.nat(BYTES.length), { maxLength: 40 }).map((places) => places.sort((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      await assertRead([...places, BYTES.length].map((end, index) => BYTES.subarray(places[index - 1] ?? 0, end)));
    }),
  );
});

test("an agent's error message split inside a character is reported whole", async () => {
  const message = Buffer.from("Erreur : répertoire « /été » refusé");
  for (let at = 0; at <= message.length; at++) {
    const reader = greeting();
    reader.stderr(message.subarray(0, at));
    reader.stderr(message.subarray(at));
    reader.ended("it ended at once");
    await assert.rejects(reader.hello, { name: "NoAgent", message: message.toString() });
  }
});

for (const [what, line, message] of BAD_HELLOS) {
  test(`a greeting that is ${what} is NoAgent, with what is wrong`, async () => {
    const reader = greeting();
    reader.stdout(Buffer.from(`${TOKEN} ${line}\n`));
    await assert.rejects(reader.hello, (error) => error instanceof NoAgent && message.test(error.message));
  });
}

test("whatever bytes come after the token, reading throws nothing and the greeting ends in NoAgent", async () => {
  const word = fc.constantFrom(
    "machine ",
    "path ",
    "hello ",
    "root ",
    "old-node ",
    "no-node ",
    "upload ",
    "not-installed ",
    "",
  );
  const rest = fc.oneof(
    fc.json().map((json) => Buffer.from(json)),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(word, rest), { maxLength: 5 }), async (lines) => {
      const reader = greeting();
      for (const [word, bytes] of lines) {
        reader.stdout(Buffer.concat([Buffer.from(`${TOKEN} ${word}`), bytes, Buffer.from("\n")]));
      }
      reader.ended("it ended");
      await assert.rejects(reader.hello, (error) => error instanceof NoAgent);
      await reader.root;
    }),
  );
});

for (const line of ["root", "root nonsense", "root null", 'root {"socket":7}', 'root {"failed":[]}', "root {}"]) {
  test(`after a hello, "${line}" means that no agent runs as root, and nothing else fails`, async () => {
    const reader = greeting();
    reader.stdout(Buffer.from(`${encodeLine(TOKEN, HELLO, HELLO_WITH_ACCENTS)}${TOKEN} ${line}\n`));
    assert.deepEqual(await reader.hello, HELLO_WITH_ACCENTS);
    assert.match(JSON.stringify(await reader.root), /^\{"failed":".*not .*"\}$/);
  });
}

test("Node.js that is missing or too old is NoNode, and what the start script found before is kept", async () => {
  for (const [line, message] of [
    ["no-node", /it has no Node\.js; 20\.19/],
    ["no-node v18.20.4", /its Node\.js is v18\.20\.4/],
    [`broken /bin/node: no loader\n${TOKEN} no-node`, /its Node\.js does not run: \/bin\/node: no loader; 20\.19/],
    ["old-node v18.20.4", /its Node\.js is v18\.20\.4/],
  ] as const) {
    const reader = greeting();
    reader.stdout(Buffer.from(`${TOKEN} home /home/a b\n${TOKEN} ${line}\n`));
    await assert.rejects(reader.hello, (error) => error instanceof NoNode && message.test(error.message));
    assert.equal(reader.found.get("home"), "/home/a b");
  }
});

test("the start script's request for an upload is passed on, and one to a carrier without it is NoAgent", async () => {
  let uploads = 0;
  const reader = greeting(() => {
    uploads++;
  });
  reader.stdout(Buffer.from(`${TOKEN} upload\n`));
  assert.equal(uploads, 1);
  reader.stdout(Buffer.from(`${TOKEN} not-installed\n`));
  await assert.rejects(reader.hello, NoAgent);
  const without = greeting();
  without.stdout(Buffer.from(`${TOKEN} upload\n`));
  await assert.rejects(without.hello, NoAgent);
});

test("an agent that prints nothing is NoAgent after the deadline, and one that has greeted has no deadline", async (t: TestContext) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const silent = greeting();
  const greeted = greeting();
  greeted.stdout(Buffer.from(encodeLine(TOKEN, HELLO, HELLO_WITH_ACCENTS)));
  t.mock.timers.tick(DEADLINE_MS);
  await assert.rejects(silent.hello, { name: "NoAgent", message: /within 30 s/ });
  assert.deepEqual(await greeted.hello, HELLO_WITH_ACCENTS);
});

test("a lost connection is reported as such, and what comes after it is ignored", async () => {
  const reader = greeting();
  reader.fail(new ConnectionLost("cut"));
  reader.stdout(Buffer.from(encodeLine(TOKEN, HELLO, HELLO_WITH_ACCENTS)));
  reader.ended("it ended");
  await assert.rejects(reader.hello, ConnectionLost);
  assert.deepEqual(await reader.root, { failed: "the agent has ended" });
});
