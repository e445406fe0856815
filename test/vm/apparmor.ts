import assert from "node:assert/strict";
import { userNamespaceRemedy } from "../../runtime/container/failure/user-namespace-remedy.ts";
import { PROGRAM } from "../rig/vm/tinydocker.ts";
import type { Guest } from "./guest.ts";

const run = `env TINYDOCKER_NETWORK=none ${PROGRAM} run c1 cat /proc/self/attr/current </dev/null 2>&1; echo $?`;
const asPlain = `runuser -u plain -- sh -c 'cd; export HOME=$PWD; ${run}; find .local/share/tinydocker -name "c1.*"'`;

const profile = (rules: string, flags = "attach_disconnected") =>
  `abi <abi/4.0>, profile node /usr/bin/node flags=(${flags}) { ${rules} }`;
const load = (text: string) => `echo '${text}' | apparmor_parser --replace --skip-cache --config-file /dev/null`;

/** What is said of a refusal, with the flags and rules to add. */
const REFUSED =
  /^tinydocker: .*: (E\w+), .*\n {2}the AppArmor profile node confines tinydocker, and must allow it: give it flags=\((.*?)\) and .(.*?). in .*\n125\n$/;

/** A kernel with AppArmor, which no program has a profile of yet. */
export function apparmor({ sh, test }: Guest): void {
  test("where an AppArmor profile refuses a container, that and what it lacks are named, with which it works", async () => {
    const most = "file, network, signal, ptrace, unix, mount, umount, pivot_root,";
    const refuse = [
      [`${most} capability,`, asPlain, "EACCES"],
      [`${most} userns,`, asPlain, "EPERM"],
      ["file, network, signal, userns, capability,", run, "EACCES"],
    ] as const;
    const { stdout, stderr } = await sh(
      refuse.map(([rules, who]) => `${load(profile(rules))}; ${who}`).join("; echo ---; "),
    );
    const answers = stdout.split("---\n").map((said) => REFUSED.exec(said) ?? assert.fail(said + stderr));
    assert.deepEqual(
      answers.map(([, errno]) => errno),
      refuse.map(([, , errno]) => errno),
    );
    const [, , flags, rules = ""] = answers[0] ?? [];
    const mended = await sh(`${load(profile(rules, flags))}; ${asPlain}; ${run}`);
    assert.equal(mended.stdout, "node (enforce)\n0\n".repeat(2), mended.stderr);
  });

  test("the profile that is named where all programs without one are restricted can be loaded", async () => {
    const none = { isInChroot: false, isUnmapped: false, profile: undefined, onlyRoot: false, noneAllowed: false };
    const words = userNamespaceRemedy({ ...none, onlyProfiled: true });
    const [, text = ""] = /`(.*)`/.exec(words) ?? assert.fail(words);
    const { stdout, stderr } = await sh(`${load(text.replace(process.execPath, "/usr/bin/node"))}
${asPlain}; printf node >/sys/kernel/security/apparmor/.remove; ${run}`);
    assert.equal(stdout, "node (unconfined)\n0\nunconfined\n0\n", stderr);
  });
}
