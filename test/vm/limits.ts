import assert from "node:assert/strict";
import { PROGRAM } from "../rig/vm/tinydocker.ts";
import type { Guest } from "./guest.ts";

const run = `env TINYDOCKER_NETWORK=none ${PROGRAM} run`;
const OURS = "/sys/fs/cgroup/system.slice/tinydocker.service/tinydocker";

/** Runs a container with `script`, and on the machine `outside` while it waits; then it goes on with `then`. */
function during(options: string, script: string, outside: string, then = "true"): string {
  const inside = `${script}; echo ready >/talk/out; timeout 60 cat /talk/in >/dev/null; ${then}`;
  return `mkdir -p /tmp/talk && cd /tmp/talk && rm -f in out && mkfifo in out
${run} ${options} -v /tmp/talk:/talk c1 sh -c '${inside}' </dev/null &
timeout 60 cat out >/dev/null; ${outside}; timeout 60 sh -c "echo go >in"; wait`;
}

/** What a container may use, on cgroup v2 alone and beside systemd. */
export function limits({ sh, test }: Guest): void {
  test("every container is in a cgroup of its own, which is the top that it sees", async () => {
    const inside = "cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs | head -1; grep -c cgroup2.ro, /proc/mounts";
    const { stdout, stderr } = await sh(`${during("", inside, `ls -d ${OURS}/*/`)}; ls -d ${OURS}`);
    assert.match(stdout, /^0::\/\n1\n1\n/, stderr);
    assert.match(stdout, /tinydocker\/c1\.[0-9a-f]+-[0-9a-f]+\/$/m);
    assert.match(stderr, /^ls: cannot access '\S+\/tinydocker': No such file/m);
    assert.equal(
      (await sh("systemctl is-active tinydocker.service; ls -d /sys/fs/cgroup/tinydocker")).stdout,
      "active\n",
    );
  });

  test("limits are what the kernel has, and stay when systemd reads its configuration again", async () => {
    const options =
      "-m 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 -c 512 --cpuset-cpus 0 --pids-limit 50";
    const rates = "--device-read-bps /dev/vda:1m --device-write-iops /dev/vda:10";
    const names = "memory.max memory.swap.max memory.low cpu.max cpu.weight cpuset.cpus pids.max io.max";
    const print = `cd /sys/fs/cgroup; for f in ${names}; do cat $f; done`;
    const systemd =
      "systemctl daemon-reload; systemctl restart systemd-journald.service; systemctl start slices.target";
    const { stdout, stderr } = await sh(`${during(`${options} ${rates}`, print, systemd, print)}
systemctl --failed --no-legend; ls ${OURS}`);
    const values =
      "67108864\n33554432\n33554432\n50000 100000\n59\n0\n50\n254:0 rbps=1048576 wbps=max riops=max wiops=10\n";
    assert.equal(stdout, values + values, stderr);
    assert.match(stderr, /No such file/);
  });

  test("a command that uses up its memory is ended, and a fork bomb is stopped", async () => {
    const { stdout, stderr } = await sh(`${run} -m 32m c1 tail /dev/zero </dev/null; echo $?
${run} -m 32m c1 sh -c 'tail /dev/zero; echo survived' </dev/null; echo $?
${run} --pids-limit 4 c1 sh -c 'for i in 1 2 3 4 5 6; do sleep 99 & done; echo never' </dev/null`);
    assert.equal(stdout, "137\nsurvived\n0\n");
    assert.equal(stderr.match(/used up its memory/g)?.length, 2);
    assert.match(stderr, /fork/i);
  });

  test("no process of the container can use a device that it was not given", async () => {
    const join = `echo $$ >"$(echo ${OURS}/c1.*)/cgroup.procs"`;
    const outside = `sh -c '${join}; : </dev/null && echo null; : </dev/kmsg && echo kmsg' 2>&1`;
    const { stdout, stderr } = await sh(during("", "true", outside));
    assert.match(stdout, /^null\n.*kmsg: Operation not permitted/, stderr);
  });

  test("a command executed in a container is in its cgroup from its start, and refused while that is frozen", async () => {
    const exec = `${PROGRAM} exec c1 sh -c "cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max" </dev/null`;
    const freeze = (state: number) => `echo ${state} >"$(echo ${OURS}/c1.*)/cgroup.freeze"`;
    const outside = `${exec}; ${freeze(1)}; ${exec}; echo $?; ${freeze(0)}; ${exec}`;
    const { stdout, stderr } = await sh(during("--pids-limit 50", "true", outside));
    assert.equal(stdout, "0::/\n50\n125\n0::/\n50\n", stderr);
    assert.match(stderr, /the container c1 is paused\n {2}tinydocker unpause c1/);
  });

  test("nobody can freeze or end a process of the machine from inside", async () => {
    const attack = "find /mnt -name cgroup.procs | xargs cat; for f in freeze kill; do echo 1 >/mnt/cgroup.$f; done";
    const nested = `unshare -U -r -m -C sh -c 'mount -t cgroup2 none /mnt && ${attack}'`;
    const { stdout, stderr } = await sh(`sleep 1000 & bystander=$!
timeout 60 ${run} --security-opt seccomp=unconfined c1 ${nested} </dev/null 2>/dev/null
kill $bystander && echo alive; ls ${OURS}`);
    // 0 is a process that the reader can't see, such as one of the machine.
    assert.match(stdout, /^([1-9]\d*\n)+alive\n$/, stderr);
    assert.match(stderr, /No such file/);
  });

  test("what a killed program left is removed by the next start, also if it was frozen", async () => {
    const kill = `echo 1 >"$(echo ${OURS}/c1.*)/cgroup.freeze"; kill -9 $!`;
    const { stdout, stderr } = await sh(`(${during("", "true", `${kill}; ls -d ${OURS}/*/; exit`)}) 2>/dev/null
${run} c2 echo next </dev/null; ls ${OURS}`);
    assert.match(stdout, /tinydocker\/c1\.\S+\/\nnext\n$/, stderr);
    assert.match(stderr, /No such file/);
  });

  test("without root and without a cgroup of one's own a container runs, and a limit is refused", async () => {
    const { stdout, stderr } = await sh(
      `${run} c1 echo ran </dev/null; ${run} -m 64m c1 echo ran </dev/null; echo $?`,
      "plain",
    );
    assert.equal(stdout, "ran\n125\n");
    assert.match(
      stderr,
      /^tinydocker: can't apply a limit of the cgroup controller memory: .*\n {2}run tinydocker as root, .*Delegate=yes/,
    );
  });

  test("without root limits apply below a cgroup that systemd delegates, if no process is in that itself", async () => {
    const limited = `${run} -m 64m c1 sh -c 'cat /sys/fs/cgroup/memory.max /proc/self/cgroup' </dev/null`;
    const { stdout, stderr } = await sh(`cat >/tmp/limited <<'.'
cg=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
${limited}
mkdir $cg/leaf && echo $$ >$cg/leaf/cgroup.procs && ${limited}
ls $cg | grep -c tinydocker
.
systemd-run --quiet --pipe --wait --uid=plain -p Delegate=yes -p Environment=HOME=/home/plain sh /tmp/limited`);
    assert.equal(stdout, "67108864\n0::/\n0\n", stderr);
    assert.match(stderr, /^tinydocker: .*subtree_control.*EBUSY.*\n {2}.* has processes of its own/m);
  });
}
