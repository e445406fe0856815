import assert from "node:assert/strict";
import { test } from "node:test";
import { mirrorPath } from "../../../devtool/dev/mirror.ts";

const facts = { home: "/home/me", cache: "/home/me/.cache/devtool" };

test("a mirror is in the target's cache, or below the folder that its settings name", () => {
  assert.match(
    mirrorPath(facts, undefined, "/p/my app", "m"),
    /^\/home\/me\/\.cache\/devtool\/mirrors\/my_app-[0-9a-f]{8}$/,
  );
  assert.match(mirrorPath(facts, "/scratch/", "/p/app", "m"), /^\/scratch\/app-[0-9a-f]{8}$/);
  assert.match(mirrorPath(facts, "~/big", "/p/app", "m"), /^\/home\/me\/big\/app-[0-9a-f]{8}$/);
});

test("a project of another folder or machine has another mirror", () => {
  const paths = [
    ["/p/app", "m"],
    ["/q/app", "m"],
    ["/p/app", "n"],
  ] as const;
  assert.equal(new Set(paths.map(([root, machine]) => mirrorPath(facts, undefined, root, machine))).size, 3);
});
