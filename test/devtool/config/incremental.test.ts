import assert from "node:assert/strict";
import { test } from "node:test";
import type { BundleConfig } from "../../../devtool/config/config.ts";
import { checkIncremental } from "../../../devtool/config/incremental.ts";

const FINE: BundleConfig = { entryPoints: { main: "main.ts" }, format: "cjs", incremental: true };

const REFUSED: readonly (readonly [Partial<BundleConfig>, RegExp])[] = [
  [{ format: "esm" }, /bundle\.incremental needs bundle\.format: "cjs"/],
  [{ entryPoints: ["main.ts"] }, /needs bundle\.entryPoints as an object/],
  [{ minifySyntax: true }, /bundle\.minifySyntax does not work with bundle\.incremental: remove one of the two/],
  [{ entryPoints: { "devtool-modules": "main.ts" } }, /devtool-modules is the name of another output/],
  [{ inject: ["shim.ts"] }, /bundle\.inject does not work/],
  [{ loader: { ".png": "file" } }, /the loader file of \.png files does not work/],
];

test("what esbuild does only when it links is refused with bundle.incremental", () => {
  checkIncremental(FINE);
  checkIncremental({ ...FINE, sourcemap: "inline", loader: { ".txt": "text" }, minify: false, splitting: false });
  for (const [options, message] of REFUSED) {
    assert.throws(() => checkIncremental({ ...FINE, ...options }), { message, exitCode: 2 });
  }
});
