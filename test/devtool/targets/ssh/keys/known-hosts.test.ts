import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import {
  fingerprint,
  judgeHostKey,
  knownHostsLine,
  knownKeyTypes,
  parseKnownHosts,
} from "../../../../../devtool/targets/ssh/keys/known-hosts.ts";
import fc from "../../../../rig/fast-check.ts";
import { temporaryDirectory } from "../../../../rig/host.ts";

function makeKey(type = "ssh-ed25519"): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(type.length);
  return Buffer.concat([head, Buffer.from(type), Buffer.from([0, 0, 0, 32]), randomBytes(32)]);
}
const line = (hosts: string, key: Buffer, marker = "") =>
  `${marker}${marker && " "}${hosts} ${key.toString("latin1", 4, 4 + key.readUInt32BE(0))} ${key.toString("base64")} a comment\n`;
const parse = (text: string) => parseKnownHosts(text, "known_hosts");

const mine = makeKey();
const other = makeKey();
const rsa = makeKey("ssh-rsa");

const table: readonly [title: string, text: string, host: string, port: number, verdict: string][] = [
  ["an empty file knows nobody", "", "h", 22, "new"],
  ["a plain name", line("h", mine), "h", 22, "known"],
  ["letter case does not count", line("H.Example", mine), "h.exAMPLE", 22, "known"],
  ["one name of several", line("a,h,192.0.2.1", mine), "192.0.2.1", 22, "known"],
  ["another host's key has no effect", line("a", other), "h", 22, "new"],
  ["another key for the host", line("h", other), "h", 22, "changed"],
  ["another type of key for the host", line("h", rsa), "h", 22, "changed"],
  ["one of several keys", line("h", other) + line("h", mine), "h", 22, "known"],
  ["a pattern", line("*.example", mine), "h.example", 22, "known"],
  ["one character", line("h?.example", mine), "h1.example", 22, "known"],
  ["a negated pattern wins, wherever it is", line("*.example,!h.example", mine), "h.example", 22, "new"],
  ["a name with its port", line("[h]:2222", mine), "h", 2222, "known"],
  ["another port is another host", line("[h]:2222", other), "h", 2223, "new"],
  ["the same key known for port 22 counts for others", line("h", mine), "h", 2222, "known"],
  ["another key known for port 22 does not", line("h", other), "h", 2222, "new"],
  ["a port pattern", line("[*.example]:2222", other), "h.example", 2222, "changed"],
  ["a revoked key", line("*", mine, "@revoked"), "h", 22, "revoked"],
  ["a revoked key that is also known", line("h", mine) + line("h", mine, "@revoked"), "h", 22, "revoked"],
  ["a revoked key for a host by its bare name", line("h", mine, "@revoked"), "h", 2222, "revoked"],
  ["another key's revocation", line("h", mine) + line("*", other, "@revoked"), "h", 22, "known"],
  ["a certificate authority has no effect", line("h", other, "@cert-authority"), "h", 22, "new"],
  ["a line with an unknown marker is ignored", line("h", other, "@strange"), "h", 22, "new"],
  ["comments and blank lines", `# ${line("h", other)}\n   \n${line("h", mine)}`, "h", 22, "known"],
  ["DOS line ends", line("h", mine).replace("\n", "\r\n"), "h", 22, "known"],
  ["a cut line", line("h", mine).slice(0, 20), "h", 22, "new"],
  ["a line whose type is not its key's", `h ssh-rsa ${mine.toString("base64")}\n`, "h", 22, "new"],
  ["an IPv6 address", line("2001:db8::1", mine), "2001:DB8::1", 22, "known"],
  ["an IPv6 address and a port", line("[2001:db8::1]:2222", mine), "2001:db8::1", 2222, "known"],
];
for (const [title, text, host, port, verdict] of table) {
  test(`known_hosts: ${title}: ${verdict}`, () => {
    assert.equal(judgeHostKey(parse(text), host, port, mine).kind, verdict);
  });
}

test("a changed key is reported with the file and line of each known key", () => {
  const verdict = judgeHostKey(parse(`\n${line("h", other)}${line("h", rsa)}`), "h", 22, mine);
  assert.ok(verdict.kind === "changed");
  assert.deepEqual(
    verdict.known.map((entry) => [entry.file, entry.line, entry.type]),
    [
      ["known_hosts", 2, "ssh-ed25519"],
      ["known_hosts", 3, "ssh-rsa"],
    ],
  );
});

test("the key types known for a host are those to ask it for", () => {
  const entries = parse(
    line("h", rsa) + line("h", other) + line("h", makeKey("ssh-dss"), "@revoked") + line("[h]:2222", rsa),
  );
  assert.deepEqual(knownKeyTypes(entries, "h", 22), ["ssh-rsa", "ssh-ed25519"]);
  assert.deepEqual(knownKeyTypes(entries, "h", 2222), ["ssh-rsa"]);
  assert.deepEqual(knownKeyTypes(entries, "h", 2223), ["ssh-rsa", "ssh-ed25519"]);
  assert.deepEqual(knownKeyTypes(entries, "elsewhere", 22), []);
});

test("a line we add, hashed or not, is found again by us and by ssh-keygen", async (t) => {
  const directory = await temporaryDirectory(t);
  const file = join(directory, "known_hosts");
  for (const [host, port] of [
    ["h.example", 22],
    ["h.example", 2222],
  ] as const) {
    for (const hashed of [false, true]) {
      writeFileSync(file, knownHostsLine(host, port, mine, hashed));
      assert.equal(judgeHostKey(parse(readFileSync(file, "utf8")), host, port, mine).kind, "known");
      const name = port === 22 ? host : `[${host}]:${port}`;
      assert.equal(spawnSync("ssh-keygen", ["-F", name, "-f", file]).status, 0);
      assert.equal(readFileSync(file, "utf8").includes(host), !hashed);
    }
  }
});

test("fingerprints are ssh-keygen's", async (t) => {
  const file = join(await temporaryDirectory(t), "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const key = Buffer.from(readFileSync(`${file}.pub`, "utf8").split(" ")[1] ?? "", "base64");
  assert.ok(execFileSync("ssh-keygen", ["-lf", `${file}.pub`], { encoding: "utf8" }).includes(fingerprint(key)));
});

test("whatever a file contains, parsing it skips lines that are not valid and never throws", () => {
  const words = fc.constantFrom(
    "h",
    "*",
    "!h",
    "|1|",
    "|1|a|b",
    "@revoked",
    "@x",
    "ssh-rsa",
    "AAAA",
    mine.toString("base64"),
    " ",
    "\t",
    "\n",
    ",",
    "#",
    "[h]:1",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((parts) => parts.join(" ")),
      ),
      fc.string(),
      (text, host) => {
        const verdict = judgeHostKey(parse(text), host, 22, mine);
        assert.ok(["known", "new", "changed", "revoked"].includes(verdict.kind));
      },
    ),
  );
});
