import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Hierarchy } from "../../../runtime/cgroup/hierarchy.ts";
import type { CgroupStep } from "../../../runtime/cgroup/step.ts";
import { explainPlan, explainTimes, type Outcome } from "../../../runtime/explain/explain.ts";
import { networkPreparations } from "../../../runtime/explain/preparations.ts";
import { callOf } from "../../../runtime/explain/strace.ts";
import { loopbackHosts } from "../../../runtime/network/hosts-file.ts";
import { macOf, vethName } from "../../../runtime/network/link-names.ts";
import type { Lease, Networks } from "../../../runtime/network/network.ts";
import type { LinkFacts } from "../../../runtime/plan/host-facts.ts";
import { planOf } from "../../../runtime/plan/plan.ts";
import type { Step } from "../../../runtime/plan/step.ts";
import { type Caller, type ContainerSpec, type Image, type RunRequest, specOf } from "../../../runtime/spec/spec.ts";
import type { User } from "../../../runtime/spec/user.ts";
import { golden as goldenFile } from "../../rig/golden.ts";
import * as identities from "../spec/identities.ts";
import { HOST_FACTS } from "./host.ts";

const HOST: Image = { name: "host", layers: ["/"] };
const BOX: Image = { name: "box", layers: ["/state/images/box,1:a\\b/rootfs"] };
const ROOT: User = { uid: 0, gid: 0, additionalGids: [], home: "/root" };
const ROOT_CALLER: Caller = { ...identities.ROOT, env: { TERM: "xterm-256color", B: "b" }, cwd: "/src" };
const CALLER: Caller = { ...ROOT_CALLER, ...identities.USER };
const host = HOST_FACTS;

const spec = (request: Partial<RunRequest> = {}, image = HOST, user = ROOT, caller = ROOT_CALLER): ContainerSpec =>
  specOf({ name: "hello1", args: ["/bin/sh"], ...request }, image, user, caller);

const golden = (name: string, text: string) => goldenFile(join(import.meta.dirname, "golden", name), text);

const LINK: LinkFacts = {
  name: "eth0",
  mac: macOf("172.18.0.2"),
  addresses: ["172.18.0.2/16", "fd74:6400::2/64"],
  gateways: ["172.18.0.1", "fd74:6400::1"],
  gatewayMac: macOf("172.18.0.1"),
  isDefault: true,
  mtu: 1500,
  veth: vethName("172.18.0.2"),
  alias: "tinydocker container hello1",
  bridge: "td-0a1b2c3d",
  bridgeIndex: 7,
};

describe("a plan", () => {
  it("starts a shell on the machine's own root", () => {
    golden("host.en.txt", explainPlan(planOf(spec(), host), [], "en"));
    golden("host.zh.txt", explainPlan(planOf(spec(), host), [], "zh"));
  });

  it("contains everything that can be requested", () => {
    const user: User = { uid: 1000, gid: 1001, additionalGids: [10, 70_000], home: "/home/ann" };
    const asked = spec(
      {
        args: ["ls", "-l", "a b"],
        env: ["A=1", "B", "C"],
        cwd: "/srv/app/",
        hostname: "web",
        volumes: ["/etc:/mnt/etc:ro", "/etc/passwd:/p"],
        readonly: true,
        terminal: true,
      },
      BOX,
      user,
    );
    golden(
      "everything.txt",
      explainPlan(
        planOf(asked, {
          ...host,
          network: { hosts: loopbackHosts({ hostname: "web" }, []), links: [] },
          upperInMemory: true,
          fileSources: ["/etc/passwd"],
        }),
        [],
        "en",
      ),
    );
    golden("everything.json", `${JSON.stringify(asked, null, 2)}\n`);
  });

  it("connects the container to its networks, after what was prepared outside it", () => {
    const networks: Networks = {
      networks: [
        {
          name: "bridge",
          bridge: "td-0a1b2c3d",
          subnet: "172.18.0.0/16",
          gateway: "172.18.0.1",
          ipv6: { subnet: "fd74:6400::/64", gateway: "fd74:6400::1" },
          internal: false,
          mtu: 1500,
          created: 0,
        },
      ],
      leases: [],
    };
    const lease: Lease = {
      container: "hello1",
      hostname: "hello1",
      attachments: [{ network: "bridge", ipv4: "172.18.0.2", ipv6: "fd74:6400::2", aliases: ["web"] }],
      ports: [{ protocol: "tcp", host: 8080, container: 80 }],
      extraHosts: [],
    };
    const network = { hosts: "", hostsFile: "/state/hosts", resolvConf: "nameserver 192.0.2.53\n", links: [LINK] };
    const plan = planOf(spec(), { ...host, network });
    for (const language of ["en", "zh"] as const) {
      golden(`network.${language}.txt`, explainPlan(plan, networkPreparations("/state", networks, lease), language));
    }
  });

  it("joins what other containers have by their first processes, before anything is made", () => {
    const others = new Map([["web", { id: "a1", hostname: "web", shareableIpc: true }]]);
    const shared = { pid: "container:web", ipc: "container:web", network: { names: ["container:web"] } };
    const plan = planOf(spec(shared, BOX, ROOT, { ...ROOT_CALLER, others }), host);
    for (const language of ["en", "zh"] as const) golden(`shared.${language}.txt`, explainPlan(plan, [], language));
  });

  it("writes an upper layer that another start uses again to the disk", () => {
    const mounts = (upperKept: boolean) =>
      planOf(spec(), { ...host, upperKept }).steps.flatMap((step) =>
        step.op === "MOUNT" && step.type === "overlay" ? [step.data.split(",").includes("volatile")] : [],
      );
    assert.deepEqual([mounts(false), mounts(true)], [[true], [false]]);
  });

  it("shows each hierarchy of cgroup v1 in which the container has a cgroup, as docker does", () => {
    const hierarchies: readonly Hierarchy[] = [
      { version: 1, controllers: ["cpu", "cpuacct"], directory: "/c/cpu,cpuacct" },
      { version: 1, controllers: ["memory"], unmounted: true },
      { version: 1, controllers: [], name: "systemd", directory: "/c/systemd" },
      { version: 2, controllers: [], directory: "/c/unified" },
    ];
    const old = { ...host, cgroup2: false, cgroups: { ...host.cgroups, hierarchies } };
    const below = (steps: readonly Step[]) => find(steps, "MOUNT").filter(({ source }) => source === "cgroup");
    const { steps } = planOf(spec(), old);
    assert.deepEqual(
      below(steps).map(({ target, type, data }) => [target, type, data]),
      [
        ["/sys/fs/cgroup", "tmpfs", "mode=755,size=64k"],
        ["/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"],
        ["/sys/fs/cgroup/systemd", "cgroup", "none,name=systemd"],
        ["/sys/fs/cgroup/unified", "cgroup2", ""],
      ],
    );
    assert.deepEqual(
      find(steps, "SYMLINK").flatMap(({ path, target }) => (path.startsWith("/sys/") ? [[path, target]] : [])),
      [
        ["/sys/fs/cgroup/cpu", "cpu,cpuacct"],
        ["/sys/fs/cgroup/cpuacct", "cpu,cpuacct"],
      ],
    );
    assert.deepEqual(below(planOf(spec({}, BOX, ROOT, CALLER), old).steps), []);
  });

  it("builds the machine's root in parts for a caller who is not root", () => {
    const plan = planOf(spec({ readonly: true }, HOST, ROOT, CALLER), {
      ...host,
      rootEntries: [
        { name: "bin", kind: "symlink", target: "usr/bin" },
        { name: "etc", kind: "overlay" },
        { name: "tmp", kind: "empty", mode: 0o1777 },
        { name: "usr", kind: "overlay" },
        {
          name: "var",
          kind: "parts",
          mode: 0o755,
          entries: [
            { name: "lib", kind: "overlay" },
            { name: "list", kind: "copy", mode: 0o644 },
            { name: "log", kind: "bound", type: "directory" },
            { name: "secret", kind: "bound", type: "file" },
          ],
        },
      ],
    });
    assert.deepEqual(
      find(plan.steps, "MOUNT_RDONLY").map(({ path }) => path),
      ["/", "/etc", "/usr", "/var/lib"],
    );
    golden("rootless.txt", explainPlan(plan, [], "en"));
  });

  it("is followed by the times of its steps after the run", () => {
    const plan = planOf(spec(), host);
    const outcomes = new Map<CgroupStep | Step, Outcome>();
    const say = (step: CgroupStep | Step | undefined, outcome: Outcome) => step && outcomes.set(step, outcome);
    say(plan.outside[1], { nanoseconds: 50_000n });
    say(plan.steps[0], { nanoseconds: 12_345n });
    say(plan.steps[1], { errno: 1 });
    say(plan.steps[4], { nanoseconds: 1_000_000n });
    golden("times.txt", explainTimes(plan, 1, outcomes, "en"));
  });

  const find = <O extends Step["op"]>(steps: readonly Step[], op: O) =>
    steps.filter((step): step is Step & { op: O } => step.op === op);

  it("drops every capability for a user who is not root", () => {
    const { steps } = planOf(spec({}, BOX, { ...ROOT, uid: 5 }), host);
    const [capset] = find(steps, "CAPSET");
    assert.deepEqual([capset?.effective, capset?.permitted], [0n, 0n]);
  });

  it("excuses a failing step only where no security depends on it, and a missing keyring only on a kernel without keyrings", () => {
    const excused = ({ steps }: ReturnType<typeof planOf>) =>
      steps.flatMap((step) => (step.excusedBy === undefined ? [] : [[step.reason, step.excusedBy]]));
    const always = [
      ["target", "any"],
      ["mqueue", "any"],
      ["target", "any"],
      ["cgroup", "any"],
      ["loopback", "EPERM"],
      ["keyring", "ENOSYS"],
    ];
    assert.deepEqual(excused(planOf(spec(), host)), always);
    assert.deepEqual(excused(planOf(spec({}, BOX, ROOT, CALLER), host)), [
      ["sysfs", "any"],
      ["mountTable", "any"],
      ["target", "any"],
      ["sysfs", "any"],
      ...always,
    ]);
  });

  it("gives the devices and settings that were asked for, each with the reason, in both languages", () => {
    const device = { path: "/dev/sda1", source: "/dev/vda1", type: "b", major: 254, minor: 1 } as const;
    const asked = specOf({ name: "a", args: ["b"], sysctls: ["net.ipv4.ip_forward=1"] }, BOX, ROOT, {
      ...ROOT_CALLER,
      devices: [device],
    });
    const { steps } = planOf(asked, host);
    const opened = find(steps, "OPEN_TREE").find(({ reason }) => reason === "deviceAsked");
    assert.deepEqual([opened?.path, opened?.device], ["/dev/vda1", 0o060000 * 2 ** 32 + 254 * 256 + 1]);
    const before = steps.findIndex(({ op }) => op === "SYSCTL");
    assert.ok(before > 0 && before < steps.findIndex((step) => step.op === "READONLY" && step.path === "/proc/sys"));
    for (const language of ["en", "zh"] as const) {
      const text = explainPlan(planOf(asked, host), [], language);
      assert.match(text, /\/proc\/sys\/net\/ipv4\/ip_forward", O_WRONLY\), "1"\)\n.*--sysctl/);
      assert.match(text, /"\/dev\/vda1".*\n.*--device/);
    }
  });

  it("makes the nodes of a privileged container, and filters and masks nothing in it", () => {
    const devices = [{ path: "/dev/vda", type: "b", major: 254, minor: 0, fileMode: 0o660, uid: 0, gid: 6 }] as const;
    const request = { name: "a", args: ["b"], privileged: true };
    const { steps } = planOf(specOf(request, BOX, ROOT, { ...ROOT_CALLER, devices }), host);
    const nodes = find(steps, "MKNOD");
    assert.deepEqual(
      nodes.map(({ path }) => path),
      ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/vda"],
    );
    const { op: _, reason: __, ...last } = nodes.at(-1) ?? {};
    assert.deepEqual(last, { mode: 0o060660, device: 254 * 256, uid: 0, gid: 6, path: "/dev/vda" });
    for (const op of ["SECCOMP", "NO_NEW_PRIVS", "READONLY"] as const) assert.deepEqual(find(steps, op), []);
    assert.deepEqual(
      find(steps, "MASK").map(({ reason }) => reason),
      [],
    );
    const { steps: rootless } = planOf(specOf(request, BOX, ROOT, CALLER), host);
    assert.deepEqual(find(rootless, "MKNOD"), []);
  });

  it("makes the container end with the process that started it, first and again after the steps that clear that", () => {
    const { steps } = planOf(spec(), host);
    const ops = steps.map(({ op }) => op);
    assert.equal(ops[0], "PDEATHSIG");
    const clearing = ["SETGROUPS", "SETGID", "SETUID", "CAPSET"] as const;
    assert.ok(ops.lastIndexOf("PDEATHSIG") > Math.max(...clearing.map((op) => ops.lastIndexOf(op))));
  });

  it("installs the filter last, or without no_new_privs while it is still permitted", () => {
    const tail = (noNewPrivileges: boolean) => {
      const asked = spec();
      const { steps } = planOf({ ...asked, process: { ...asked.process, noNewPrivileges } }, host);
      return steps.slice(steps.findIndex(({ op }) => op === "CLOSE_ON_EXEC")).map(({ op }) => op);
    };
    const identity = ["SETGROUPS", "SETGID", "SETUID", "CAPSET", "CHDIR", "PDEATHSIG"];
    assert.deepEqual(tail(true), ["CLOSE_ON_EXEC", "CAPBSET", ...identity, "NO_NEW_PRIVS", "SECCOMP", "EXEC"]);
    assert.deepEqual(tail(false), ["CLOSE_ON_EXEC", "CAPBSET", "SECCOMP", ...identity, "EXEC"]);
  });

  it("mounts no cgroup file system on a machine that has none", () => {
    const { steps } = planOf(spec(), { ...host, cgroup2: false, cgroups: { ...host.cgroups, hierarchies: [] } });
    assert.deepEqual(
      steps.filter(({ reason }) => reason === "cgroup"),
      [],
    );
  });

  it("makes a file for the mount of a file, and a directory for any other", () => {
    const asked = spec({ volumes: ["/a:/x", "/b:/y"] });
    const { steps } = planOf(asked, { ...host, fileSources: ["/b"] });
    assert.deepEqual(
      find(steps, "TOUCH")
        .map(({ path }) => path)
        .filter((path) => path === "/x" || path === "/y"),
      ["/y"],
    );
    assert.ok(find(steps, "MKDIR").some(({ path }) => path === "/x"));
  });

  it("resolves no path of the image while the old root is mounted on the new one", () => {
    const { steps } = planOf(spec({ volumes: ["/a:/b"] }), host);
    assert.equal(
      steps.findIndex(({ op }) => op === "DETACH"),
      steps.findIndex(({ op }) => op === "PIVOT_ROOT") + 1,
    );
  });

  it("makes nothing in the host's /dev where that is mounted over the container's", () => {
    const { steps } = planOf(spec({ volumes: ["/dev:/dev"] }), host);
    assert.deepEqual(find(steps, "SYMLINK"), []);
    assert.ok(find(steps, "MOVE_MOUNT").some(({ path }) => path === "/dev/ptmx"));
  });

  it("limits a mount and what is mounted below it, as far as was requested", () => {
    const mounts = ["type=bind,src=/a,dst=/a,ro", "type=bind,src=/b,dst=/b,ro,bind-recursive=writable"];
    const limits = find(planOf(spec({ mounts }), host).steps, "SETATTR").filter(
      ({ reason }) => reason === "bindLimits",
    );
    const [RDONLY, NODEV, RECURSIVE] = [1, 4, 0x8000];
    assert.deepEqual(
      limits.map(({ attributes, flags }) => [attributes, flags]),
      [
        [RDONLY | NODEV, RECURSIVE],
        [NODEV, RECURSIVE],
        [RDONLY, 0],
      ],
    );
  });

  it("waits until the container's users are mapped, and then may set their groups", () => {
    const range = [{ start: 100_000, size: 65_536 }];
    const { steps } = planOf(spec({}, BOX, ROOT, { ...CALLER, subordinate: { uids: range, gids: range } }), host);
    assert.deepEqual(
      steps.slice(0, 2).map(({ op }) => op),
      ["PDEATHSIG", "AWAIT"],
    );
    assert.equal(find(steps, "SETGROUPS").length, 1);
    const alone = find(planOf(spec({}, BOX, ROOT, CALLER), host).steps, "AWAIT");
    assert.deepEqual(
      alone.map(({ reason }) => reason),
      ["guarded"],
    );
  });

  it("waits for its guard while it is still the init, which does not clear its death signal", () => {
    const { steps } = planOf(spec(), host);
    const at = steps.findIndex(({ op, reason }) => op === "AWAIT" && reason === "guarded");
    assert.ok(at >= 0 && at < steps.findIndex(({ op }) => op === "SETUID"));
    assert.deepEqual(find(planOf(spec({ init: true }), host).steps, "AWAIT"), []);
  });

  it("mounts for root in another user namespace than the machine's first as for a caller who is not root", () => {
    const elsewhere = { ...host, userNamespace: { isFirst: false, setgroups: false } };
    const lone = spec({}, HOST, ROOT, { ...ROOT_CALLER, ...identities.LONE_ROOT });
    const parts = planOf(lone, { ...elsewhere, rootEntries: [{ name: "usr", kind: "overlay" }] }).steps;
    const box = planOf({ ...lone, root: { layers: BOX.layers, readonly: false } }, elsewhere).steps;
    const overlays = [parts, box].flatMap((steps) => find(steps, "MOUNT").filter(({ type }) => type === "overlay"));
    assert.deepEqual(
      overlays.map(({ data }) => data.split(",").at(-1)),
      ["userxattr", "userxattr"],
    );
    assert.deepEqual(find(parts, "SETGROUPS"), []);
    assert.ok(find(box, "FSMOUNT").some(({ type, excusedBy }) => type === "sysfs" && excusedBy === "any"));
    const groups = planOf(lone, { ...elsewhere, userNamespace: { isFirst: false, setgroups: true } }).steps;
    assert.equal(find(groups, "SETGROUPS").length, 1);
  });

  it("names its network by a descriptor where its init is not pid 1", () => {
    const networks = (pid: string | undefined) => {
      const { steps } = planOf(spec({ pid }), { ...host, network: { ...host.network, links: [LINK] } });
      return [
        find(steps, "OPEN_NETWORK").length,
        steps.filter((step) => callOf(step).includes("IFLA_NET_NS_FD=41")).length,
      ];
    };
    assert.deepEqual(
      [networks(undefined), networks("host")],
      [
        [0, 0],
        [1, 1],
      ],
    );
  });
});
