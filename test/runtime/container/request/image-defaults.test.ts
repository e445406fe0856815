import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, imageAnnotations, imageLife } from "../../../../runtime/container/request/image-defaults.ts";
import type { HealthRequest } from "../../../../runtime/spec/health.ts";
import { lifeOf } from "../../../../runtime/spec/life.ts";

const CONFIG = { Entrypoint: ["/e", "x"], Cmd: ["a", "b"] };

for (const [what, asked, args] of [
  ["nothing", { args: [] }, ["/e", "x", "a", "b"]],
  ["a command", { args: ["c"] }, ["/e", "x", "c"]],
  ["an entrypoint", { entrypoint: "/f", args: [] }, ["/f"]],
  ["both", { entrypoint: "/f", args: ["c"] }, ["/f", "c"]],
  ["no entrypoint", { entrypoint: "", args: ["c"] }, ["c"]],
] as const)
  test(`where ${what} is asked for, the command is ${args.join(" ")}, as with docker`, () => {
    assert.deepEqual(commandOf(asked, CONFIG).args, args);
  });

test("what an image says about its containers is in their annotations, by the OCI's keys", () => {
  const annotations = imageAnnotations({
    StopSignal: "SIGQUIT",
    ExposedPorts: ["80/tcp", "53/udp"],
    Labels: { a: "b" },
  });
  assert.deepEqual(annotations, {
    a: "b",
    "org.opencontainers.image.stopSignal": "SIGQUIT",
    "org.opencontainers.image.exposedPorts": "80/tcp,53/udp",
  });
});

test("a detached container stops by the image's signal and has its labels, unless others were asked for", () => {
  const life = lifeOf({ labels: ["a=own"] });
  const annotations = { ...imageAnnotations({ StopSignal: "SIGQUIT", Labels: { a: "image", b: "image" } }) };
  const asked = { life, hasStopSignal: false, health: {} };
  const { stopSignal, labels } = imageLife(asked, annotations);
  assert.deepEqual({ stopSignal, labels }, { stopSignal: "SIGQUIT", labels: { a: "own", b: "image" } });
  assert.equal(imageLife({ ...asked, hasStopSignal: true }, annotations).stopSignal, "SIGTERM");
  assert.equal(imageLife(asked, imageAnnotations({ StopSignal: "nonsense" })).stopSignal, "SIGTERM");
});

test("a detached container has the image's health check, unless another one or none was asked for", () => {
  const Healthcheck = { Test: ["CMD", "check", "a b"], Interval: 2_000_000_000, Retries: 7 };
  const annotations = imageAnnotations({ Healthcheck, Labels: { a: "b" } });
  const check = (health: HealthRequest) => imageLife({ life: lifeOf({}), hasStopSignal: false, health }, annotations);
  const usual = { timeout: 30_000, startPeriod: 0, startInterval: 5000 };
  assert.deepEqual(check({}).health, { ...usual, test: Healthcheck.Test, interval: 2000, retries: 7 });
  assert.deepEqual(check({}).labels, { a: "b" });
  const other = check({ command: "true", retries: "1" }).health;
  assert.deepEqual(other, { ...usual, test: ["CMD-SHELL", "true"], interval: 2000, retries: 1 });
  assert.equal(check({ none: true }).health, undefined);
});
