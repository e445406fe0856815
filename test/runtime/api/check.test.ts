import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedOptions, checkedRequest, checkedSignal } from "../../../runtime/api/check.ts";
import { checkedImport, checkedLoad, checkedPull } from "../../../runtime/api/check-images.ts";
import { Failure } from "../../../runtime/failure.ts";
import fc from "../../rig/fast-check.ts";

const ok = { name: "a", args: ["true"] };
const CASES: readonly (readonly [what: string, check: () => unknown, message: string])[] = [
  ["nothing", () => checkedRequest(undefined), "the request of start() must be an object, not undefined"],
  ["an array", () => checkedRequest([]), "the request of start() must be an object, not an array"],
  ["no name", () => checkedRequest({ args: ["true"] }), "name must be a string, not undefined"],
  ["a command line", () => checkedRequest({ name: "a", args: "true" }), 'args must be an array of strings, not "true"'],
  ["a hole", () => checkedRequest({ name: "a", args: new Array(1) }), "args[0] must be a string, not undefined"],
  ["a number", () => checkedRequest({ name: "a", args: ["sleep", 9] }), "args[1] must be a string, not 9"],
  ["an image that is not a name", () => checkedRequest({ ...ok, image: false }), "image must be a string, not false"],
  ["a user id", () => checkedRequest({ ...ok, user: 0 }), "user must be a string, not 0"],
  [
    "a list of variables",
    () => checkedRequest({ ...ok, env: ["A=1"] }),
    "env must be an object of strings, not an array",
  ],
  ["a variable that is not a string", () => checkedRequest({ ...ok, env: { A: 1 } }), "env.A must be a string, not 1"],
  [
    "a variable's name with =",
    () => checkedRequest({ ...ok, env: { "A=B": "" } }),
    '"A=B" can\'t be the name of an environment variable',
  ],
  ["a word for a flag", () => checkedRequest({ ...ok, readonly: "no" }), 'readonly must be a boolean, not "no"'],
  [
    "a misspelt field",
    () => checkedRequest({ ...ok, volume: [] }),
    'start() has no option "volume"; the options are name, args, env, image, entrypoint, user, cwd, hostname, volumes, mounts, tmpfs, shmSize, readonly, networks, networkAliases, ip, ip6, macAddress, ports, dns, dnsSearch, dnsOptions, hosts, capAdd, capDrop, securityOpt, privileged, devices, sysctls, pid, ipc, uts, limits',
  ],
  [
    "a limit that is no number",
    () => checkedRequest({ ...ok, limits: { memory: true } }),
    "limits.memory must be a number or a string, not true",
  ],
  [
    "one limit for a list",
    () => checkedRequest({ ...ok, limits: { ulimits: "core=0" } }),
    'limits.ulimits must be an array of strings, not "core=0"',
  ],
  ["no options", () => checkedOptions(null), "the options of start() must be an object, not null"],
  ["another language", () => checkedOptions({ language: "fr" }), 'language must be "en" or "zh", not "fr"'],
  [
    "an explain that is not a function",
    () => checkedOptions({ explain: true }),
    "explain must be a function, not true",
  ],
  [
    "words for stdio",
    () => checkedOptions({ stdio: "pipe" }),
    'stdio must be an array of three file descriptors, not "pipe"',
  ],
  [
    "two descriptors",
    () => checkedOptions({ stdio: [0, 1] }),
    "stdio must be an array of three file descriptors, got 2",
  ],
  [
    "a stream",
    () => checkedOptions({ stdio: [0, process.stdout, 2] }),
    "stdio[1] must be a file descriptor, not an object",
  ],
  ["half a descriptor", () => checkedOptions({ stdio: [0.5, 1, 2] }), "stdio[0] must be a file descriptor, not 0.5"],
  [
    "a closed one",
    () => checkedOptions({ stdio: [0, 1, 4321] }),
    "stdio[2] is 4321, which is not an open file descriptor",
  ],
  ["a signal's number", () => checkedSignal(15), "signal must be the name of a signal, such as SIGTERM, not 15"],
  [
    "the name of no signal",
    () => checkedSignal("toString"),
    'signal must be the name of a signal, such as SIGTERM, not "toString"',
  ],
  [
    "no source",
    () => checkedImport("a", undefined, {}),
    "source must be a path or an AsyncIterable of bytes, not undefined",
  ],
  [
    "what only looks like an AsyncIterable",
    () => checkedImport("a", { [Symbol.asyncIterator]: 1 }, {}),
    "source must be a path or an AsyncIterable of bytes, not an object",
  ],
  ["the image's number", () => checkedImport(1, ".", {}), "name must be a string, not 1"],
  [
    "a signal that is not an AbortSignal",
    () => checkedImport("a", ".", { signal: "SIGINT" }),
    'signal must be an AbortSignal, not "SIGINT"',
  ],
  ["the options' number", () => checkedPull("a", 1), "the options of pullImage() must be an object, not 1"],
  ["progress that is no function", () => checkedPull("a", { progress: true }), "progress must be a function, not true"],
  ["the name's number", () => checkedLoad(".", { name: 1 }), "name must be a string, not 1"],
  [
    "an option of another function",
    () => checkedPull("a", { name: "b" }),
    'pullImage() has no option "name"; the options are signal, progress',
  ],
];

for (const [what, check, message] of CASES) {
  test(`${what} is refused with a message about it`, () => {
    assert.throws(check, (error) => error instanceof Failure && error.message === message && error.code === "usage");
  });
}

test("what is left out, or undefined, has its default", () => {
  const nothing = {
    env: [],
    volumes: [],
    mounts: [],
    tmpfs: [],
    shmSize: undefined,
    readonly: false,
    network: {
      names: [],
      aliases: [],
      ip: undefined,
      ip6: undefined,
      macAddress: undefined,
      publish: [],
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      addHosts: [],
    },
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    privileged: false,
    devices: [],
    sysctls: [],
    pid: undefined,
    ipc: undefined,
    uts: undefined,
    limits: {},
  };
  const imagesOwn = { entrypoint: undefined, user: undefined, cwd: undefined };
  const complete = { ...ok, ...nothing, image: "host", hostname: undefined, ...imagesOwn };
  assert.deepEqual(checkedRequest(ok), complete);
  assert.deepEqual(checkedRequest({ ...ok, env: undefined, image: undefined, volumes: undefined }), complete);
  assert.deepEqual(checkedOptions({}), { stdio: undefined, explain: undefined, language: "en" });
});

test("limits are passed on as a command line has them", () => {
  const limits = { memory: 64 << 20, cpus: 0.5, cpuShares: undefined, pidsLimit: "9", ulimits: ["core=0"] };
  const expected = { memory: "67108864", cpus: "0.5", pidsLimit: "9", ulimits: ["core=0"] };
  assert.deepEqual(checkedRequest({ ...ok, limits }).limits, expected);
});

test("addresses of hosts are those of their names", () => {
  assert.deepEqual(checkedRequest({ ...ok, hosts: { a: "192.0.2.1", b: "host-gateway" } }).network?.addHosts, [
    "a:192.0.2.1",
    "b:host-gateway",
  ]);
  assert.throws(() => checkedRequest({ ...ok, hosts: ["a"] }), /hosts must be an object of strings/);
  assert.throws(() => checkedRequest({ ...ok, ip: 1 }), /ip must be a string, not 1/);
});

test("variables and descriptors are passed on as they are", () => {
  assert.deepEqual(checkedRequest({ ...ok, env: { A: "", B: "x=y" } }).env, ["A=", "B=x=y"]);
  assert.deepEqual(checkedOptions({ stdio: [0, 2, 2] }).stdio, [0, 2, 2]);
});

test("whatever is passed, the result is a complete value or a Failure", () => {
  const one = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
  });
  const record = fc.record(
    { name: one, args: one, env: one, image: one, volumes: one, stdio: one },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(one, record), (value) => {
      for (const check of [
        checkedRequest,
        checkedOptions,
        checkedSignal,
        (source: unknown) => checkedImport("a", source, {}),
        (options: unknown) => checkedPull("a", options),
        (options: unknown) => checkedLoad("a", options),
      ]) {
        try {
          check(value);
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
        }
      }
    }),
  );
});
