import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { encodePlan } from "../../../runtime/plan/codec.ts";
import type { HostFacts } from "../../../runtime/plan/host-facts.ts";
import { planOf } from "../../../runtime/plan/plan.ts";
import { type Caller, type RunRequest, specOf } from "../../../runtime/spec/spec.ts";
import { USER } from "../spec/identities.ts";
import { HOST_FACTS } from "./host.ts";

const RUNTIME = join(import.meta.dirname, "../../../runtime");

const request: RunRequest = {
  name: "hello1",
  args: ["/bin/echo", "grüße", "😀", "x".repeat(20_000)],
  env: ["A=ä", "HOME"],
  cwd: "/srv/../opt/",
  volumes: ["./data:/data:ro"],
  readonly: true,
  terminal: true,
};
const caller: Caller = { ...USER, env: { HOME: "/home/ann" }, cwd: "/src" };
const host: HostFacts = { ...HOST_FACTS, rootEntries: [{ name: "etc", kind: "overlay" }] };
const image = { name: "host", layers: ["/"] };
const user = { uid: 0, gid: 0, additionalGids: [], home: "/root" };

test("an engine with nothing but the language and TextEncoder makes the same plan of the same request, byte for byte", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents:
        'export { specOf } from "./spec/spec.ts";\nexport { planOf } from "./plan/plan.ts";\nexport { encodePlan } from "./plan/codec.ts";\n',
      resolveDir: RUNTIME,
    },
    bundle: true,
    platform: "neutral",
    format: "iife",
    globalName: "core",
    write: false,
  });
  const context = createContext({ TextEncoder, input: JSON.stringify([request, image, user, caller, host]) });
  const script = `
    const [request, image, user, caller, host] = JSON.parse(input);
    JSON.stringify([...core.encodePlan(core.planOf(core.specOf(request, image, user, caller), host).steps, true)]);
  `;
  const elsewhere: unknown = runInContext(`${outputFiles[0]?.text}\n${script}`, context);
  const here = encodePlan(planOf(specOf(request, image, user, caller), host).steps, true);
  assert.equal(elsewhere, JSON.stringify([...here]));
});
