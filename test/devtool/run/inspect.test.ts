import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { inspectable } from "../../../devtool/run/inspect.ts";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { InspectorClient } from "../inspector.ts";
import { freePort } from "../ports/free-port.ts";
import { type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

test("Node.js gets an option, wherever it stands, and any other program runs under gdbserver, but for what only starts one", () => {
  const [run, stop] = [
    { port: 1, targetPort: 9229, breaks: false },
    { port: 1, targetPort: 9300, breaks: true },
  ];
  assert.deepEqual(inspectable(["node", "--", "a.js"], run), ["node", "--inspect=127.0.0.1:9229", "--", "a.js"]);
  assert.deepEqual(inspectable(["env", "A=1", "/usr/bin/node", "a.js"], stop).slice(2), [
    "/usr/bin/node",
    "--inspect-brk=127.0.0.1:9300",
    "a.js",
  ]);
  assert.deepEqual(inspectable(["npx", "tsx", "a.ts"], run), ["npx", "tsx", "--inspect=127.0.0.1:9229", "a.ts"]);
  for (const starter of ["npm", "/usr/bin/npx", "pnpm", "yarn", "sh", "/bin/bash", "make", "cargo", "go"])
    assert.throws(() => inspectable([starter, "start"], run), { code: "usage", exitCode: 2, name: "Failure" });
  assert.deepEqual(inspectable(["build/hello", "x"], run), [
    "gdbserver",
    "--once",
    "127.0.0.1:9229",
    "build/hello",
    "x",
  ]);
});

test("in a container Node.js listens where the port that is published leads; without one there, what starts the container is the program", () => {
  const run = { port: 1, targetPort: 9229, breaks: false };
  const of = (command: string) => inspectable(command.split(" "), run).join(" ");
  assert.equal(
    of("tinydocker run -v .:/app web node /app/a.js"),
    "tinydocker run -p 127.0.0.1:9229:9229 -v .:/app web node --inspect=0.0.0.0:9229 /app/a.js",
  );
  assert.equal(
    of("tinydocker run --network host web node a.js"),
    "tinydocker run --network host web node --inspect=127.0.0.1:9229 a.js",
  );
  assert.equal(
    of("node .devtool/tinydocker.js run web sh"),
    "node --inspect=127.0.0.1:9229 .devtool/tinydocker.js run web sh",
  );
  assert.throws(() => of("docker run --rm web npm start"), /does not reach the program that docker starts/);
});

const MAIN = (factor: number) => `import { word } from "./word.ts";

function greet(name: string): string {
  const length: number = name.length * ${factor};
  return \`\${name} \${length}\`;
}

console.log(greet(word));
`;
const BREAK_AT = 5;

/** Until the program prints it, on either stream. */
async function says(devtool: Devtool, text: string): Promise<void> {
  for (let seen = ""; !seen.includes(text); ) {
    const event = await devtool.next("output");
    seen += "data" in event ? event.data : "";
  }
}

async function hit(t: TestContext, port: number, project: Project): Promise<unknown> {
  const client = await InspectorClient.attach(port);
  t.after(() => client.close());
  await client.send("Debugger.enable");
  await client.send("Runtime.enable");
  await client.send("Runtime.runIfWaitingForDebugger");
  const first = await client.stop(); // --inspect-brk: before the first line
  await client.setBreakpoint(join(project.root, "src/main.ts"), BREAK_AT);
  await first.resume();
  const stop = await client.stop();
  assert.deepEqual([stop.file, stop.line], [join(project.root, "src/main.ts"), BREAK_AT]);
  const values = [await stop.evaluate("name"), await stop.evaluate("length")];
  await stop.resume();
  client.close();
  return values;
}

const BREAKPOINT = "a breakpoint in a local file stops the program on the target, and again after a save";
for (const [title, options] of [
  [BREAKPOINT, ""],
  [`${BREAKPOINT}, of an incremental bundle too`, ', format: "cjs", incremental: true'],
] as const)
  test(title, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const project = await makeProject(t, { "src/main.ts": MAIN(2) });
    await project.write({
      "devtool.config.ts": `export default {
      bundle: { entryPoints: { main: "src/main.ts" }, sourcemap: false${options} },
      run: ["node", ".devtool/main.js"],
    };\n`,
    });
    const sshd = await startSshd(t);
    const port = await freePort();
    const flags = [
      "--json",
      "--ssh-config",
      sshd.configFile,
      "--target",
      sshd.host,
      `--inspect-brk=${port}:${await freePort()}`,
    ];
    const devtool = startDevtool(t, project, ["watch", ...flags]);
    await says(devtool, "Debugger listening on ");
    assert.deepEqual(await hit(t, port, project), ["one", 6]);
    await says(devtool, "one 6\n");
    await project.write({ "src/main.ts": MAIN(3) });
    await devtool.next("changed");
    await says(devtool, "Debugger listening on ");
    assert.deepEqual(await hit(t, port, project), ["one", 9]);
    await says(devtool, "one 9\n");
  });

test("a debugger on this machine reaches a C program on the target through gdbserver", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "make", "gcc", "gdbserver", "gdb"))) return;
  const project = await makeProject(t, {
    "devtool.config.ts": `export default { build: ["make"], run: ["./hello"] };\n`,
    Makefile: "hello: hello.c\n\tgcc -g -o $@ hello.c\n",
    ".gitignore": "hello\n",
    "hello.c": '#include <stdio.h>\n\nint main(void) {\n\tint answer = 42;\n\treturn printf("%d\\n", answer) - 3;\n}\n',
  });
  const sshd = await startSshd(t);
  const [here, there] = [await freePort(), await freePort()];
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host, `--inspect=${here}:${there}`];
  const devtool = startDevtool(t, project, ["run", ...flags]);
  await says(devtool, "Listening on port");
  const commands = [`target remote 127.0.0.1:${here}`, "break hello.c:5", "continue", "print answer", "continue"];
  const gdb = spawn("gdb", ["-nx", "-batch", ...commands.flatMap((command) => ["-ex", command])], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = await text(gdb.stdout);
  assert.match(output, /\$1 = 42/);
  await says(devtool, "42\n");
  await devtool.ended;
});
