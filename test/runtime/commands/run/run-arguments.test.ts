import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseCreate, parseRun } from "../../../../runtime/commands/run/run-arguments.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

describe("the arguments of run", () => {
  it("end their options at NAME", () => {
    const args = ["--explain", "-e", "A=1", "-e", "B", "--image=box", "-w", "/w", "n", "c", "-e", "--image", "x"];
    const { request, explain } = parseRun(args);
    assert.equal(explain, true);
    assert.deepEqual([request.name, request.args], ["n", ["c", "-e", "--image", "x"]]);
    assert.deepEqual([request.env, request.image, request.cwd], [["A=1", "B"], "box", "/w"]);
    assert.deepEqual([request.volumes, request.readonly, request.user], [[], undefined, undefined]);
    assert.deepEqual(parseRun(["--", "n", "--", "x"]).request.args, ["--", "x"]);
    assert.deepEqual(parseRun(["n", "--", "x"]).request.args, ["--", "x"]);
  });

  it("may give the program by --entrypoint, and none where the image has one", () => {
    const parsed = (...args: string[]) => {
      const { name, image, entrypoint, args: command } = parseRun(args).request;
      return [name, image, entrypoint, ...command];
    };
    assert.deepEqual(parsed("--entrypoint", "/e", "n", "-a", "b"), ["n", undefined, "/e", "-a", "b"]);
    assert.deepEqual(parsed("--entrypoint=", "--rm=true", "n", "c"), ["n", undefined, "", "c"]);
    assert.deepEqual(parsed("--image=box", "n"), ["n", "box", undefined]);
  });

  it("pass no stream of a command that runs in the background", () => {
    assert.throws(() => parseRun(["-d", "-a", "stdout", "n", "c"]), /-a and -d exclude each other/);
  });

  it("of create take -a without effect, as docker's, and say what is wrong of create", () => {
    assert.deepEqual(parseCreate(["-a", "stdin", "-a=STDERR", "n", "c"]).request, parseCreate(["n", "c"]).request);
    assert.throws(() => parseCreate(["-a", "stdio", "n", "c"]), /-a takes stdin, stdout or stderr/);
    assert.throws(() => parseCreate(["--gpus", "all", "n", "c"]), /^Failure: tinydocker create has no --gpus$/);
    assert.throws(() => parseCreate(["n"]), {
      remedy: /^tinydocker create \[OPTION…\] NAME.*tinydocker create n:latest/,
    });
  });

  it("are docker's with --name: the image comes first, unless --image names it", () => {
    const parsed = (...args: string[]) => {
      const { name, image, args: command } = parseRun(args).request;
      return [name, image, ...command];
    };
    assert.deepEqual(parsed("--name", "n", "debian:13", "c", "-a"), ["n", "debian:13", "c", "-a"]);
    assert.deepEqual(parsed("--name=n", "--", "nginx"), ["n", "nginx"]);
    assert.deepEqual(parsed("--name=n", "--image=box", "c", "-a"), ["n", "box", "c", "-a"]);
    assert.deepEqual(parsed("--name=n", "host", "c"), ["n", "host", "c"]);
    assert.throws(() => parseRun(["--name=n", "host"]), /there is no command to run/);
    assert.throws(() => parseRun(["--name=n"]), /the image is missing/);
  });

  it("name the image after NAME by a ':' alone, which a path before it makes a program's", () => {
    const parsed = (...args: string[]) => {
      const { name, image, args: command } = parseRun(args).request;
      return [name, image, ...command];
    };
    const digest = `debian@sha256:${"0".repeat(64)}`;
    assert.deepEqual(parsed("-d", "web", "nginx:alpine"), ["web", "nginx:alpine"]);
    assert.deepEqual(parsed("c1", "localhost:5000/app", "sh", "-c", "a:b"), [
      "c1",
      "localhost:5000/app",
      "sh",
      "-c",
      "a:b",
    ]);
    assert.deepEqual(parsed("c1", digest, "sh"), ["c1", digest, "sh"]);
    for (const program of ["nginx", "./a:b", "/bin/a:b", "../a:b"])
      assert.deepEqual(parsed("c1", program, "a:b"), ["c1", undefined, program, "a:b"]);
    assert.deepEqual(parsed("--image=host", "c1", "a:b"), ["c1", "host", "a:b"]);
  });

  it("may leave out NAME before such an image: the container gets a name of its own", () => {
    for (const [image, name] of [
      ["debian:13", /^debian-[0-9a-f]{6}$/],
      ["localhost:5000/team/app", /^app-[0-9a-f]{6}$/],
      ["[::1]:5000/app:1", /^app-[0-9a-f]{6}$/],
      [`quay.io/a/b_c.d@sha256:${"0".repeat(64)}`, /^b_c\.d-[0-9a-f]{6}$/],
      [`${"a".repeat(100)}:1@sha256:${"0".repeat(64)}`, /^a{57}-[0-9a-f]{6}$/],
      ["a/:1", /^container-[0-9a-f]{6}$/],
    ] as const) {
      const { request } = parseRun(["-it", image, "sh", "-c", "a:b"]);
      assert.match(request.name, name);
      assert.deepEqual([request.image, ...request.args], [image, "sh", "-c", "a:b"]);
    }
    assert.throws(() => parseRun(["nginx"]), { remedy: /; for the image nginx: tinydocker run nginx:latest$/ });
    assert.notEqual(parseRun(["debian:13"]).request.name, parseRun(["debian:13"]).request.name);
  });

  it("fetch an image that is missing, unless --pull says something else", () => {
    assert.deepEqual(parseRun(["c1", "debian:13"]).pull, { policy: "missing", isQuiet: false });
    assert.deepEqual(parseRun(["-dq", "c1", "debian:13"]).pull, { policy: "missing", isQuiet: true });
    for (const pull of ["always", "missing", "never"])
      assert.equal(parseRun(["--pull", pull, "n", "c"]).pull.policy, pull);
    assert.throws(() => parseRun(["--pull", "x", "n", "c"]), {
      message: '--pull is always, missing or never, not "x"',
    });
  });

  it("may have empty ones of text, which count as not given: a script may pass a variable that is not set", () => {
    const empty = [
      "workdir",
      "user",
      "cpuset-cpus",
      "cpuset-mems",
      "ip",
      "ip6",
      "mac-address",
      "stop-signal",
      "restart",
    ];
    const all = [...empty, "pull", "cidfile"].map((name) => `--${name}=`);
    assert.deepEqual(parseRun([...all, "n", "c"]), parseRun(["n", "c"]));
    assert.throws(() => parseRun(["--pids-limit=", "--memory=", "--stop-timeout=", "n", "c"]), /stop-timeout/);
  });

  it("take variables from files before those of -e", async (t) => {
    const file = join(await temporaryDirectory({ after: (cleanup) => t.after(cleanup) }), "env");
    await writeFile(file, '\ufeff# comment\r\nA=1\n\n  B="x y" #\nPATH\nNOT_SET\nD=a=b');
    const { env } = parseRun(["-e", "A=2", "--env-file", file, "n", "c"]).request;
    assert.deepEqual(env, ["A=1", 'B="x y" #', "PATH", "D=a=b", "A=2"]);
  });

  it("take labels from files before those of -l", async (t) => {
    const file = join(await temporaryDirectory({ after: (cleanup) => t.after(cleanup) }), "labels");
    await writeFile(file, "# comment\na=1\nb\nc=d=e\n");
    const { detached } = parseRun(["-d", "-l", "a=2", "--label-file", file, "n", "c"]);
    assert.deepEqual(detached?.life.labels, { a: "2", b: "", c: "d=e" });
    await writeFile(file, "a b=1");
    assert.throws(() => parseRun(["-d", "--label-file", file, "n", "c"]), {
      code: "usage",
      message: `can't use --label-file ${file}: the label in line 1 has a space in its name`,
    });
  });

  it("name the ports that are exposed one by one", () => {
    const exposed = (...ports: string[]) =>
      parseRun([...ports.map((port) => `--expose=${port}`), "n", "c"]).request.exposed;
    assert.deepEqual(exposed("80", "8000-8001/udp", "53/UDP"), ["80/tcp", "8000/udp", "8001/udp", "53/udp"]);
    for (const port of ["", "x", "0", "65536", "2-1", "80:80", "80/x"])
      assert.throws(() => exposed(port), { code: "usage", message: /^--expose .* is not PORT\[-PORT\]/ });
  });

  it("may say how a container lives that does not stay: it has no effect, and bad values are refused all the same", () => {
    const args = ["--restart=no", "--stop-timeout=1", "-l", "a=b", "--health-cmd", "true", "n", "c"];
    const { detached, needingLife } = parseRun(args);
    assert.deepEqual([detached, needingLife], [undefined, ["stop-timeout", "label", "health-cmd"]]);
    assert.deepEqual(parseRun(["-d", ...args]).needingLife, []);
    assert.throws(() => parseRun(["--stop-timeout=x", "n", "c"]), { code: "usage" });
    assert.throws(() => parseRun(["--restart=always", "n", "c"]), {
      code: "usage",
      message: "the option --restart needs -d: without it, the container ends with tinydocker run",
    });
  });

  for (const [what, content, message] of [
    ["a name with a space", "A=1\nA B=1\n", /the variable in line 2 has a space in its name$/],
    ["no name", "=1", /the variable in line 1 has no name$/],
    ["a NUL byte", "A=\0", /the variable in line 1 contains a NUL byte$/],
    ["bytes that are not UTF-8", Buffer.from([0x41, 0x3d, 0xff]), /it is not UTF-8$/],
    ["too much", Buffer.alloc((4 << 20) + 1, "#"), /it is larger than \d+ bytes$/],
  ] as const) {
    it(`refuse an --env-file with ${what}`, async (t) => {
      const file = join(await temporaryDirectory({ after: (cleanup) => t.after(cleanup) }), "env");
      await writeFile(file, content);
      assert.throws(() => parseRun(["--env-file", file, "n", "c"]), { code: "usage", message });
    });
  }

  it("refuse an --env-file that can't be read, such as none and a directory, and one without end", () => {
    for (const [file, message] of [
      ["/nosuch", /can't use --env-file \/nosuch: ENOENT, no such file or directory$/],
      ["/", /EISDIR/],
      ["/dev/zero", /it is larger than \d+ bytes$/],
    ] as const) {
      assert.throws(() => parseRun(["--env-file", file, "n", "c"]), { code: "usage", message });
    }
  });

  for (const args of [
    [],
    ["n"],
    ["--"],
    ["--nosuch", "n", "c"],
    ["-x", "n", "c"],
    ["-e"],
    ["--rm=false", "n", "c"],
    ["--name", "n"],
  ]) {
    it(`${JSON.stringify(args)} are refused`, () => {
      assert.throws(() => parseRun(args), { code: "usage" });
    });
  }
});
