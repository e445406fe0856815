import { after, before, test } from "node:test";
import { needs, type Scope } from "../rig/host.ts";
import type { Suite } from "../rig/vm/image.ts";
import { startTinydockerVm, type TinydockerVm } from "../rig/vm/tinydocker.ts";
import { vmLacks } from "../rig/vm/vm.ts";

/** A guest that all tests of a file share: systemd, cgroup v2 alone, and no more packages than a minimal Debian has. */
export interface Guest {
  readonly sh: TinydockerVm["sh"];
  test(title: string, body: () => Promise<void>): void;
}

/** Boots it before the first test. */
export function guestOf(suite: Suite): Guest {
  const lacks = vmLacks();
  const undo: (() => Promise<void>)[] = [];
  const file: Scope = { after: (cleanup) => void undo.push(cleanup) };
  let vm: TinydockerVm | undefined;
  before(async () => {
    if (lacks === undefined) vm = await startTinydockerVm(file, suite);
  });
  after(async () => {
    for (const step of undo.reverse()) await step();
  });
  return {
    sh: async (...words) => {
      if (!vm) throw new Error("the guest is not running");
      return await vm.sh(...words);
    },
    test: (title, body) =>
      void test(title, async (t) => {
        if (needs(t, lacks)) await body();
      }),
  };
}
