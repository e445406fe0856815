import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, imageAnnotations, imageLife, publishedForAll } from "../../../runtime/container/image-defaults.ts";
import { lifeOf } from "../../../runtime/spec/life.ts";

const CONFIG = { Entrypoint: ["/e", "x"], Cmd: ["a", "b"], ExposedPorts: ["80/tcp", "53/udp", "99", "bad"] };

for (const [what, asked, args] of [
  ["nothing", { args: [] }, ["/e", "x", "a", "b"]],
  ["a command", { args: ["c"] }, ["/e", "x", "c"]],
  ["an entrypoint", { entrypoint: "/f", args: [] }, ["/f"]],
  ["both", { entrypoint: "/f", args: ["c"] }, ["/f", "c"]],
  ["no entrypoint", { entrypoint: "", args: ["c"] }, ["c"]],
] as const)
  test(`where ${what} is asked for, the command is ${args.join(" ")}, as with docker`, () => {
    assert.deepEqual(commandOf(asked, CONFIG), args);
  });

test("each port that the image names gets one of this machine, unless it has one", async () => {
  const published = await publishedForAll(["8080:80"], CONFIG);
  assert.equal(published.length, 2);
  assert.match(published.join(" "), /^\d+:53\/udp \d+:99\/tcp$/);
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
  const { stopSignal, labels } = imageLife(life, annotations, false);
  assert.deepEqual({ stopSignal, labels }, { stopSignal: "SIGQUIT", labels: { a: "own", b: "image" } });
  assert.equal(imageLife(life, annotations, true).stopSignal, "SIGTERM");
  assert.equal(imageLife(life, imageAnnotations({ StopSignal: "nonsense" }), false).stopSignal, "SIGTERM");
});
