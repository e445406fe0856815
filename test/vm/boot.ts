import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PROGRAM } from "../rig/vm/tinydocker.ts";
import type { Guest } from "./guest.ts";

const PROVISION = readFileSync(`${import.meta.dirname}/../../vagrant/provision.sh`, "utf8");

/** What starts with the machine. */
export function boot({ sh, test }: Guest): void {
  test("a container of --restart always runs after a boot, by the unit that provision.sh installs, and stays when that is stopped", async () => {
    const { stdout, stderr, code } = await sh(`
set -e
tinydocker() { ${PROGRAM} "$@"; }
about() { tinydocker inspect -f "{{.State.$1}}" lasting; }
tinydocker run -d --restart always --network none lasting sleep 1000 >/dev/null
tinydocker run -d --network none once sleep 1000 >/dev/null
first=$(about Pid)
cat >/tmp/provision.sh <<'PROVISION'
${PROVISION.replace(/\nmain "\$@"\n$/, "\n")}
PROVISION
chmod +x /opt/tinydocker/dist/tinydocker.cjs
(. /tmp/provision.sh; start_at_boot /opt/tinydocker/dist/tinydocker.cjs) >/dev/null
# As after a loss of power: nothing runs, and the boot is another one.
pids="$first $(tinydocker inspect -f '{{.State.Pid}}' once)"
for pid in $pids; do kill -9 $(ps -o ppid= -p $pid); done
for pid in $pids; do tail --pid=$pid -f /dev/null; done
echo 00000000-0000-4000-8000-000000000000 >/run/boot
mount --bind /run/boot /proc/sys/kernel/random/boot_id
about Status
systemctl is-enabled tinydocker-boot.service
systemctl start tinydocker-boot.service
about Status
tinydocker inspect -f '{{.State.Status}}' once
test "$(about Pid)" != "$first" && echo again
systemctl stop tinydocker-boot.service
about Status
tinydocker rm -f lasting once >/dev/null
umount /proc/sys/kernel/random/boot_id
`);
    const states = ["exited", "enabled", "running", "exited", "again", "running"];
    assert.deepEqual([code, stdout, stderr], [0, `${states.join("\n")}\n`, ""]);
  });
}
