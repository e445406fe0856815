import {
  type BundleConfig,
  type DevtoolConfig,
  defineConfig,
  type NativeConfig,
  type SyncConfig,
  type TargetSettings,
} from "tinydocker/config";

const bundle: BundleConfig = { entryPoints: { server: "src/server.ts" }, sourcemap: "linked", addons: ["koffi"] };
const native: NativeConfig = { folder: "native", target: "all" };
const sync: SyncConfig = { include: ["public/"], exclude: ["*.psd"] };
const box: TargetSettings = { kind: "ssh", host: "me@box", sudo: true };
const config: DevtoolConfig = { bundle, native, sync, run: ["node"], targets: { box, here: "local" }, target: "box" };

export default defineConfig(config);
