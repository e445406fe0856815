import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Caller, type ContainerSpec, type RunRequest, specOf } from "../../../runtime/spec/spec.ts";
import { ROOT, USER } from "./identities.ts";
import { refused } from "./refused.ts";

const others = new Map([
  ["web", { id: "a1", hostname: "webhost", shareableIpc: true }],
  ["db", { id: "b2", hostname: "db", shareableIpc: false }],
]);
const AS_ROOT: Caller = { ...ROOT, env: {}, cwd: "/", others, hostname: "machine" };
const AS_USER: Caller = { ...AS_ROOT, ...USER };

const spec = (request: Partial<RunRequest>, caller = AS_ROOT): ContainerSpec =>
  specOf(
    { name: "c1", args: ["true"], ...request },
    { name: "box", layers: ["/box"] },
    { uid: 0, gid: 0, additionalGids: [], home: "/root" },
    caller,
  );

/** By kind: "new", or whose it is; the machine's own ones are not there. */
const namespaces = ({ linux }: ContainerSpec) =>
  Object.fromEntries(linux.namespaces.map(({ type, container }) => [type, container ?? "new"]));
const NEW = { uts: "new", pid: "new", mount: "new", network: "new", ipc: "new", cgroup: "new" };
const shm = ({ mounts }: ContainerSpec) => mounts.filter(({ destination }) => destination === "/dev/shm");

describe("a container that shares namespaces", () => {
  it("has new ones of what was not asked for", () => {
    const { pid: _pid, uts: _uts, ...rest } = NEW;
    assert.deepEqual(namespaces(spec({ ipc: "private", pid: "", uts: "" })), NEW);
    assert.deepEqual(namespaces(spec({ pid: "host", uts: "host" })), rest);
    assert.deepEqual(namespaces(spec({ pid: "container:db" })), { ...NEW, pid: "b2" });
    const all = spec({ pid: "container:web", ipc: "container:web", network: { names: ["container:db"] } });
    assert.deepEqual(namespaces(all), { ...NEW, pid: "a1", ipc: "a1", network: "b2" });
  });

  it("has the host name of what it shares", () => {
    assert.equal(spec({ uts: "host" }).hostname, "machine");
    assert.equal(spec({ network: { names: ["container:web"] } }).hostname, "webhost");
    assert.ok(spec({ uts: "host" }).process.env.includes("HOSTNAME=machine"));
    const network = { names: ["host"] };
    assert.deepEqual([spec({ network }).hostname, spec({ network, hostname: "h" }).hostname], ["machine", "h"]);
  });

  it("has the shared memory of its IPC namespace", () => {
    const memory = (ipc: string) => shm(spec({ ipc })).map(({ type, source, container }) => [type, source, container]);
    assert.deepEqual(memory("shareable"), [["tmpfs", "shm", undefined]]);
    assert.deepEqual(memory("host"), [["bind", "/dev/shm", undefined]]);
    assert.deepEqual(memory("container:web"), [["bind", "/dev/shm", "a1"]]);
    assert.deepEqual(memory("none"), []);
    const own = spec({ ipc: "host", volumes: ["/srv:/dev/shm"] });
    assert.deepEqual(
      shm(own).map(({ source }) => source),
      ["/srv"],
    );
  });

  it("can be joined only where it says so", () => {
    assert.equal(spec({ ipc: "shareable" }).linux.shareableIpc, true);
    for (const ipc of [undefined, "private", "none", "host"]) {
      assert.equal(spec(ipc === undefined ? {} : { ipc }).linux.shareableIpc, undefined);
    }
  });

  it("needs root for processes of the machine, and for another container", () => {
    assert.deepEqual(namespaces(spec({ ipc: "host", uts: "host" }, AS_USER))["user"], "new");
    for (const request of [
      { pid: "host" },
      { pid: "container:web" },
      { ipc: "container:web" },
      { network: { names: ["container:web"] } },
    ])
      assert.throws(() => spec(request, AS_USER), { code: "root-required" });
  });

  it("is refused what contradicts itself, as docker has it", () => {
    const network = { names: ["container:web"] };
    for (const request of [
      { uts: "host", hostname: "h" },
      { network, hostname: "h" },
      { network: { ...network, publish: ["80:80"] } },
      { network: { ...network, dns: ["192.0.2.1"] } },
      { network: { ...network, addHosts: ["a:192.0.2.1"] } },
      { network: { ...network, aliases: ["a"] } },
      { network: { ...network, macAddress: "02:42:ac:12:00:09" } },
      { network: { names: ["container:web", "bridge"] } },
      { network, sysctls: ["net.ipv4.ip_forward=1"] },
      { ipc: "container:db" },
      { ipc: "host", sysctls: ["kernel.msgmax=1"] },
      { ipc: "other" },
      { pid: "private" },
      { uts: "container:web" },
      { pid: "container:" },
    ])
      refused(() => spec(request));
  });
});
