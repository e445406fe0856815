import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheDirectory } from "../../../devtool/process/cache-directory.ts";

test("the cache is in each system's directory for caches", () => {
  assert.equal(cacheDirectory({ XDG_CACHE_HOME: "/c" }, "linux"), "/c/devtool");
  assert.match(cacheDirectory({}, "linux"), /\/\.cache\/devtool$/);
  assert.match(cacheDirectory({}, "darwin"), /\/Library\/Caches\/devtool$/);
  assert.equal(cacheDirectory({ LOCALAPPDATA: "/l" }, "win32"), "/l/devtool");
});
