import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";

/** The last one first: the container ends before its files are removed. */
const cleanups: (() => unknown)[] = [];
const scope = { after: (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup) };
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});
const rig = await tinydocker(scope);
await importBusybox(rig);
const words = [
  "--image",
  "box",
  "--network",
  "none",
  "-m",
  "64m",
  "-e",
  "A=1",
  "-v",
  "data:/srv",
  "-v",
  "/tmp:/host",
  "-w",
  "/etc",
];
const child = rig.spawn(["run", ...words, "web", "sh", "-c", "echo up; exec cat"]);
const ended = once(child, "exit");
scope.after(async () => {
  child.stdin?.end(); // which ends it
  await ended;
});
await once(child.stdout as NodeJS.ReadableStream, "data");
const inspect = async (...args: string[]) => (await rig.run(["inspect", ...args])).stdout;

describe("tinydocker inspect", () => {
  it("prints docker's fields as JSON", async () => {
    const [one] = JSON.parse(await inspect("web"));
    assert.deepEqual(
      [one.Name, one.Path, one.Args, one.Image, one.State.Status, one.State.Running, one.State.ExitCode],
      ["/web", "sh", ["-c", "echo up; exec cat"], "box", "running", true, 0],
    );
    assert.match(one.Id, /^[0-9a-f]{64}$/);
    assert.ok(one.State.Pid > 1 && Math.abs(Date.parse(one.State.StartedAt) - Date.now()) < 60_000);
    assert.deepEqual(
      [one.HostConfig.Memory, one.HostConfig.NetworkMode, one.HostConfig.AutoRemove],
      [64 << 20, "none", true],
    );
    assert.deepEqual(one.HostConfig.Binds, ["data:/srv", "/tmp:/host"]);
    assert.ok(one.Config.Env.includes("A=1"));
    assert.deepEqual([one.Config.WorkingDir, one.Config.Tty, one.Config.Hostname], ["/etc", false, "web"]);
    assert.deepEqual(
      one.Mounts.map(({ Type, Name, Destination, RW }: Record<string, unknown>) => [Type, Name, Destination, RW]),
      [
        ["volume", "data", "/srv", true],
        ["bind", undefined, "/host", true],
      ],
    );
  });

  it("takes docker's templates, and the beginning of an id for a name", async () => {
    const id = (await inspect("-f", "{{.Id}}", "web")).trim();
    assert.equal(await inspect("--format", "{{.Name}} {{.State.Status}}", id.slice(0, 10)), "/web running\n");
    assert.equal(await inspect("--format={{json .State.Running}}", "web", "web"), "true\ntrue\n");
    assert.equal(await inspect("web", "-f", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}"), "none\n");
  });

  it("lets a template ask for what JSON leaves out where there is none of it", async () => {
    for (const [template, printed] of [
      ["{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none"],
      ["{{with .Config.Healthcheck}}{{.Test}}{{end}}{{.State.Health}}", "<nil>"],
      ["{{range .Mounts}}{{.Name}}:{{.Driver}}:{{.Destination}} {{end}}", "data:local:/srv ::/host "],
      ["{{.SizeRw}}", "<nil>"],
    ] as const)
      assert.equal(await inspect("-f", template, "web"), `${printed}\n`, template);
    const image = "{{.Config.Healthcheck}} {{.Config.OnBuild}} {{.Config.Tty}} {{len .Config.Image}}";
    assert.equal(await inspect("-f", image, "box"), "<nil> <nil> false 0\n");
    assert.doesNotMatch(await inspect("web", "box"), /Health|SizeRw|"Name": ""/);
  });

  it("lets a template ask for what docker has and no container of tinydocker", async () => {
    for (const [template, printed] of [
      [
        "{{with .HostConfig}}{{.Runtime}}:{{.VolumesFrom}}:{{.Links}}:{{.CgroupParent}}:{{.OomKillDisable}}{{end}}",
        "tinydocker:<nil>:<nil>::<nil>",
      ],
      ["{{range .Config.OnBuild}}{{.}}{{end}}{{.Config.NetworkDisabled}}", "false"],
      ["{{.NetworkSettings.SandboxID}}{{range .NetworkSettings.Networks}}{{.EndpointID}}{{.GwPriority}}{{end}}", "0"],
    ] as const)
      assert.equal(await inspect("-f", template, "web"), `${printed}\n`, template);
    assert.doesNotMatch(await inspect("web"), /Runtime|OnBuild|SandboxID|EndpointID/);
  });

  it("names the network namespace of a container that runs, and no other", async () => {
    const key = ["-f", "{{.NetworkSettings.SandboxKey}}"];
    const pid = (await inspect("-f", "{{.State.Pid}}", "web")).trim();
    assert.equal(await inspect(...key, "web"), `/proc/${pid}/ns/net\n`);
    await rig.run(["create", "--image", "box", "--network", "none", "still", "true"]);
    assert.equal(await inspect(...key, "still"), "\n");
    await rig.run(["rm", "still"]);
  });

  it("says which devices and options of the resolver were asked for", async () => {
    const asked = ["--device", "/dev/null:/dev/void:rw", "--dns-option", "ndots:2"];
    await rig.run(["create", "--image", "box", "--network", "none", ...asked, "asking", "true"]);
    assert.equal(
      await inspect("-f", "{{json .HostConfig.Devices}} {{.HostConfig.DnsOptions}}", "asking"),
      '[{"PathOnHost":"/dev/null","PathInContainer":"/dev/void","CgroupPermissions":"rw"}] [ndots:2]\n',
    );
    await rig.run(["rm", "asking"]);
    assert.equal(await inspect("-f", "{{.HostConfig.Devices}} {{.HostConfig.CgroupnsMode}}", "web"), "[] private\n");
  });

  it("says the user, the groups and the entrypoint as they were given, and what is a tmpfs", async () => {
    const asked = ["--entrypoint", "sh", "-u", "7", "--group-add", "8", "--tmpfs", "/t:size=1m"];
    await rig.run(["create", "--image", "box", "--network", "none", ...asked, "asking", "-c", "true"]);
    assert.equal(
      await inspect(
        "-f",
        "{{.Path}} {{.Config.Entrypoint}} {{.Config.Cmd}} {{.Config.User}} {{.HostConfig.GroupAdd}}",
        "asking",
      ),
      "sh [sh] [-c true] 7 [8]\n",
    );
    assert.match(await inspect("-f", "{{json .HostConfig.Tmpfs}}", "asking"), /^\{"\/t":"[a-z,]*size=1048576"\}\n$/);
    await rig.run(["rm", "asking"]);
    const none = "{{.Config.Entrypoint}}{{.Config.User}}{{.HostConfig.GroupAdd}}{{json .HostConfig.Tmpfs}}";
    assert.equal(await inspect("-f", none, "web"), "<nil><nil>{}\n");
  });

  it("finds images, volumes and networks too, a container first, or only what --type says", async () => {
    const format = ["-f", "{{.Architecture}} {{.Os}} {{.RepoTags}} {{.Config.Cmd}} {{.RootFS.Type}}"];
    assert.match(await inspect(...format, "box"), /^[a-z0-9]+ linux \[box\] <nil> layers\n$/);
    const [image] = JSON.parse(await inspect("--type=image", "box"));
    assert.deepEqual([image.Id, image.RepoTags, image.Size > 500_000], ["box", ["box"], true]);
    assert.equal(await inspect("-f", "{{.Driver}} {{.Name}} {{json .Containers}}", "data"), 'local data ["web"]\n');
    await rig.run(["volume", "create", "web"]);
    assert.equal(await inspect("-f", "{{.Id}}", "web"), await inspect("-f", "{{.Id}}", "--type", "container", "web"));
    assert.equal(await inspect("-f", "{{.Mountpoint}}", "--type", "volume", "web"), `${rig.root}/volumes/web/_data\n`);
    await rig.run(["exec", "web", "sh", "-c", "cd $(mktemp -d); n=$(printf '\\377'); printf 12345 >$n; ln $n again"]);
    const [web] = JSON.parse(await inspect("-s", "web"));
    assert.deepEqual([web.SizeRw, web.SizeRootFs - web.SizeRw], [5, image.Size]);
  });

  it("names what it can't show", async () => {
    for (const [args, message] of [
      [["nosuch"], /there is no container, image, volume or network nosuch/],
      [["--type", "container", "box"], /there is no container box/],
      [["--type", "pod", "web"], /--type is container, image, volume or network, not "pod"/],
      [["-f", "{{.State.Statsu}}", "web"], /1:9: there is no Statsu here; did you mean Status\?/],
      [["-f", "{{", "web"], /1:1: the action has no closing/],
      [[], /the name of what to inspect is missing/],
    ] as const) {
      const { code, stdout, stderr } = await rig.run(["inspect", ...args]);
      assert.equal(code, 125);
      assert.ok(stdout === "" || stdout === "[]\n");
      assert.match(stderr, message);
    }
    const full = await rig.run(["inspect", "web"], { prefix: ["sh", "-c", 'exec "$@" >/dev/full', "sh"] });
    assert.deepEqual(
      [full.code, full.stderr],
      [125, "tinydocker: can't write to standard output: ENOSPC, no space left on device\n"],
    );
  });
});

describe("tinydocker top", () => {
  it("lists the container's processes as this machine's ps shows them", async () => {
    const { stdout } = await rig.run(["top", "--", "web", "-o", "pid,comm"]);
    const [head, row, ...rest] = stdout.trimEnd().split("\n");
    assert.match(head ?? "", /^ *PID COMMAND$/);
    assert.deepEqual([row?.trim().split(" ")[0], rest], [(await inspect("-f", "{{.State.Pid}}", "web")).trim(), []]);
    const { code, stderr } = await rig.run(["top", "web", "-o", "comm"]);
    assert.deepEqual([code, /no column PID/.test(stderr)], [125, true]);
  });
});

describe("tinydocker stats", () => {
  it("shows what containers use, as a table or as JSON, without escape codes where there is no terminal", async () => {
    const { stdout } = await rig.run(["stats", "--no-stream"]);
    const [head = "", row = ""] = stdout.split("\n");
    assert.match(head, /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/);
    assert.match(row, /^[0-9a-f]{12} +web +\d+\.\d\d% +[\d.]+[kKM]i?B \/ 64MiB +\d+\.\d\d% .* 1$/);
    const json = JSON.parse((await rig.run(["stats", "--no-stream", "--json", "web"])).stdout);
    assert.deepEqual([json.Name, json.PIDs], ["web", "1"]);
    assert.match((await rig.run(["stats", "--no-stream", "nosuch"])).stderr, /there is no container nosuch/);
  });
});
