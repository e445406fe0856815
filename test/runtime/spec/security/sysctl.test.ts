import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { namespacesFor } from "../../../../runtime/spec/namespaces.ts";
import { sysctlPath, sysctlsOf } from "../../../../runtime/spec/security/sysctl.ts";
import fc from "../../../rig/fast-check.ts";
import { ROOT } from "../identities.ts";
import { isRefusal, refused } from "../refused.ts";

const linux = namespacesFor(ROOT, {});
const without = (type: string) => ({ ...linux, namespaces: linux.namespaces.filter((one) => one.type !== type) });

describe("--sysctl", () => {
  for (const [text, path, value] of [
    ["net.ipv4.ip_forward=1", "net/ipv4/ip_forward", "1"],
    ["net/ipv4/ip_forward=1", "net/ipv4/ip_forward", "1"],
    ["net/ipv4/conf/eth0.100/forwarding=1", "net/ipv4/conf/eth0.100/forwarding", "1"],
    ["net.ipv4.tcp_rmem=4096 87380 6291456", "net/ipv4/tcp_rmem", "4096 87380 6291456"],
    ["kernel.shm_rmid_forced=1", "kernel/shm_rmid_forced", "1"],
    ["kernel.sem=250 32000 100 128", "kernel/sem", "250 32000 100 128"],
    ["fs.mqueue.msg_max=10", "fs/mqueue/msg_max", "10"],
    ["net.x=a=b", "net/x", "a=b"],
  ] as const) {
    it(`${text} is written to ${path}`, () => {
      const [[name, written] = ["", ""]] = Object.entries(sysctlsOf([text], linux));
      assert.deepEqual([sysctlPath(name), written], [path, value]);
    });
  }

  it("counts the last value of a setting, however it is written", () => {
    assert.deepEqual(sysctlsOf(["net.a.b=1", "net/a/b=2"], linux), { "net.a.b": "2" });
  });

  for (const text of [
    "",
    "=",
    "net.ipv4.ip_forward",
    "net.ipv4.ip_forward=",
    "=1",
    "net=1",
    "net.=1",
    "kernel.panic=1",
    "kernel.msgmax.x=1",
    "kernel/core_pattern=|/x",
    "vm.swappiness=1",
    "fs.file-max=1",
    "fs.mqueue=1",
    "user.max_user_namespaces=1",
    "net.ipv4.../kernel/panic=1",
    "net/../kernel/panic=1",
    "net/./../kernel/panic=1",
    "/net/ipv4/ip_forward=1",
    "net//ipv4=1",
    "NET.ipv4.ip_forward=1",
    "net.ipv4.x\0=1",
    "net.ipv4.x=1\0",
  ]) {
    it(`${JSON.stringify(text)} is refused`, () => refused(() => sysctlsOf([text], linux)));
  }

  it("is refused where it would change the machine's own setting", () => {
    refused(() => sysctlsOf(["net.ipv4.ip_forward=1"], without("network")));
    refused(() => sysctlsOf(["kernel.msgmax=1"], without("ipc")));
    refused(() => sysctlsOf(["fs.mqueue.msg_max=1"], without("ipc")));
  });

  it("writes below net, fs/mqueue or one file of kernel, or is refused, whatever is asked for", () => {
    const part = fc.constantFrom("net", "kernel", "msgmax", "fs", "mqueue", "..", ".", "/", "a", "=", "1", "");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom(".", "/"), (parts, separator) => {
        const text = `${parts.join(separator)}=1`;
        try {
          const [name = ""] = Object.keys(sysctlsOf([text], linux));
          const path = sysctlPath(name);
          assert.match(path, /^(net\/|fs\/mqueue\/|kernel\/(msg|sem|shm))/);
          assert.ok(!path.split("/").some((component) => ["", ".", ".."].includes(component)), path);
        } catch (error) {
          assert.ok(isRefusal(error), String(error));
        }
      }),
    );
  });
});
