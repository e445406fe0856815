import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { needs } from "../../rig/host.ts";
import { InspectorClient } from "../inspector.ts";
import { afterTest, lacks, makeProject, startDevtool } from "../rig.ts";

/** A page that Chromium has loaded. */
async function openPage(t: TestContext, home: string, file: string): Promise<InspectorClient> {
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"];
  const url = pathToFileURL(file).href;
  const child = spawn("chromium", [...flags, `--user-data-dir=${home}`], {
    env: { ...process.env, TMPDIR: home },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  afterTest(t, async () => {
    child.kill();
    await ended;
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
    if (port === undefined) continue;
    await fetch(`http://127.0.0.1:${port}/json/new`, { method: "PUT" });
    const page = await InspectorClient.attach(Number(port));
    await page.send("Page.enable");
    await page.send("Page.navigate", { url });
    await page.event("Page.loadEventFired");
    return page;
  }
  return assert.fail("Chromium did not start");
}

test("the rounds of a project are shown as text, as JSON and as a page that fits wide and narrow windows", async (t) => {
  if (!needs(t, lacks("rsync", "chromium"))) return;
  const project = await makeProject(t, { "devtool.config.json": '{ "run": ["sh", "-c", "echo there"] }' });
  await rm(join(project.root, "devtool.config.ts"));
  const devtool = async (...args: string[]) => {
    const ended = await startDevtool(t, project, args).ended;
    return { ...ended, stdout: ended.stdout.toString() };
  };

  const none = await devtool("trace");
  assert.deepEqual([none.code, none.stdout], [1, ""]);
  assert.match(none.stderr, /no round of .* has been traced/);

  const run = await devtool("run", "--timings", "--target", "local");
  assert.match(run.stderr, /timings: .*sync \d+.*: \d+ ms\n/);
  assert.equal(run.stdout, "there\n");

  assert.match((await devtool("trace")).stdout, /^1 round, .*\n\nstage +p50 +p95\n(?:.*\n)*total +\d+ +\d+\n/);
  const [line, ...more] = (await devtool("trace", "--json")).stdout.trim().split("\n");
  assert.equal(more.length, 0);
  assert.equal(JSON.parse(line ?? "").outcome, "output");

  const file = join(project.home, "trace.html");
  assert.match((await devtool("trace", file)).stderr, /wrote .*trace\.html: 1 round, median \d+ ms/);
  assert.ok((await readFile(file, "utf8")).startsWith("<!doctype html>"));
  const page = await openPage(t, project.home, file);
  t.after(() => page.close());
  await page.send("Runtime.enable");
  for (const width of [360, 1280]) {
    await page.send("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
    const expression = `JSON.stringify({
      overflow: document.documentElement.scrollWidth - innerWidth,
      bars: [...document.querySelectorAll("svg rect")].filter((bar) => bar.getBoundingClientRect().width > 0).length,
      rows: document.querySelectorAll("tbody tr").length,
    })`;
    const { result } = await page.send("Runtime.evaluate", { expression });
    const { overflow, bars, rows } = JSON.parse(String((result as { value: unknown }).value));
    assert.ok(overflow <= 0, `${overflow} pixels too wide at ${width}`);
    assert.ok(bars >= 3 && rows >= 3, `${bars} bars, ${rows} rows at ${width}`);
  }
});
