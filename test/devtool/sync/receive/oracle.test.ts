import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pull } from "../../../../devtool/sync/pull.ts";
import fc from "../../../rig/fast-check.ts";
import { needs, temporaryRoot } from "../../../rig/host.ts";
import { lacks } from "../../rig.ts";
import { localConnection, snapshot, withProtocol } from "../rig.ts";
import { makeTree, type Node, type Tree, trees } from "../trees.ts";

const NEVER = new AbortController().signal;

/** In nanoseconds: what utimes can set, and what the protocol sends. */
const MICROSECOND = 1_000n;
const SECOND = 1_000_000_000n;

for (const [protocol, connection, precision] of [
  ["31", localConnection(), 2n * MICROSECOND],
  ["30", withProtocol(30), SECOND],
] as const) {
  test(`any tree is brought over any older or newer one as C rsync does it, over protocol ${protocol}`, async (t) => {
    if (!needs(t, lacks("rsync"))) return;
    await fc.assert(
      fc.asyncProperty(trees, trees, fc.boolean(), async (there, here, mayReplace) => {
        const directory = mkdtempSync(join(temporaryRoot(), "tinydocker-test."));
        try {
          const [root, mirror, oracle] = ["project", "mirror", "oracle"].map((name) => join(directory, name)) as [
            string,
            string,
            string,
          ];
          for (const path of [root, mirror]) mkdirSync(join(path, "t"), { recursive: true });
          makeTree(join(mirror, "t"), withoutLinksOut(there));
          makeTree(join(root, "t"), ofSameKinds(here, there));
          spawnSync("cp", ["-a", "--no-target-directory", root, oracle]);
          const report = await pull(connection, { root, mirror, paths: ["t"], mayReplace }, NEVER);
          assert.deepEqual(report.notices, []);
          const update = mayReplace ? [] : ["--update"];
          const ran = spawnSync("rsync", ["-rlptRO", ...update, `${mirror}/./t`, `${oracle}/`]);
          assert.equal(ran.status, 0, ran.stderr.toString());
          assert.deepEqual(files(root, precision), files(oracle, precision));
        } finally {
          rmSync(directory, { recursive: true });
        }
      }),
      { numRuns: 15, examples: [[empty(0o644), empty(0o4755), false]] },
    );
  });
}

/** The time has a fraction of a second, which protocol 30 does not send. */
function empty(mode: number): Tree {
  return { b: { kind: "file", content: "", mode, time: 4_200_000_000.125 } };
}

/** Each file by its permissions, time and content; of folders only that they are there, of links where they lead. */
function files(root: string, precision: bigint): Record<string, string> {
  return Object.fromEntries(
    Object.entries(snapshot(root)).map(([path, line]) => {
      const [mode = "", nanoseconds = "0", ...content] = line.split(" ");
      if (mode.startsWith("4")) return [path, "folder"];
      if (mode.startsWith("12")) return [path, `link ${content.join(" ")}`];
      const permissions = Number.parseInt(mode, 8) & 0o777;
      return [
        path,
        [mode.slice(0, -4), permissions.toString(8), floored(BigInt(nanoseconds), precision), ...content].join(" "),
      ];
    }),
  );
}

/** The division of BigInt rounds towards zero; times before 1970 are rounded down. */
function floored(time: bigint, precision: bigint): bigint {
  return (time - (((time % precision) + precision) % precision)) / precision;
}

function withoutLinksOut(tree: Tree): Tree {
  return mapped(tree, (node) => (node.kind === "link" && /^[./]/.test(node.target) ? undefined : node));
}

/** Without what is of another kind in `other`, which is never replaced, and links that lead elsewhere: with --update rsync replaces newer ones. */
function ofSameKinds(tree: Tree, other: Tree): Tree {
  const entries = Object.entries(tree).flatMap(([name, node]): [string, Node][] => {
    const beside = other[name];
    if (beside === undefined) return [[name, node]];
    if (node.kind !== beside.kind || (node.kind === "link" && beside.kind === "link" && node.target !== beside.target))
      return [];
    if (node.kind !== "directory" || beside.kind !== "directory") return [[name, node]];
    return [[name, { ...node, mode: 0o755, children: ofSameKinds(node.children, beside.children) }]];
  });
  return Object.fromEntries(entries);
}

function mapped(tree: Tree, change: (node: Node) => Node | undefined): Tree {
  const entries = Object.entries(tree).flatMap(([name, node]): [string, Node][] => {
    const inner = node.kind === "directory" ? { ...node, children: mapped(node.children, change) } : node;
    const changed = change(inner);
    return changed === undefined ? [] : [[name, changed]];
  });
  return Object.fromEntries(entries);
}
