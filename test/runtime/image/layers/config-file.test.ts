import assert from "node:assert/strict";
import { test } from "node:test";
import { imageConfig } from "../../../../runtime/image/layers/config-file.ts";

const of = (config: object) =>
  imageConfig({ architecture: "amd64", os: "linux", rootfs: { diff_ids: [] }, config: { ...config } });

test("a setting of an image that is null or not of its form takes no other with it", () => {
  const config = {
    User: null,
    WorkingDir: "here",
    Labels: { a: 1 },
    StopSignal: null,
    Volumes: null,
    Env: ["A=b", "C"],
  };
  assert.deepEqual(of({ ...config, Cmd: ["c"], Entrypoint: null }), { Env: ["A=b"], Cmd: ["c"] });
});

test("a command that is a text is one word, as docker reads it", () => {
  assert.deepEqual(of({ Entrypoint: "/bin/a b", Cmd: "c" }), { Entrypoint: ["/bin/a b"], Cmd: ["c"] });
});

test("a range of exposed ports stands for each port in it, and what is not a port is left out", () => {
  const ExposedPorts = {
    "8000-8002": {},
    "8001/tcp": {},
    "53/UDP": {},
    "9/sctp": {},
    x: {},
    "": {},
    "70000/tcp": {},
  };
  assert.deepEqual(of({ ExposedPorts }), {
    ExposedPorts: ["8000/tcp", "8001/tcp", "8002/tcp", "53/udp", "9/sctp"],
  });
  assert.deepEqual(of({ ExposedPorts: { x: {} } }), {});
});

test("a volume of an image that is relative is below /, as docker has it, and one that is named twice is one", () => {
  const Volumes = { data: {}, "['/x']": {}, "./data": {}, "/srv": {}, "/srv/": {} };
  assert.deepEqual(of({ Volumes }), { Volumes: ["/data", "/['/x']", "/srv"] });
});
