import assert from "node:assert/strict";
import { PROGRAM } from "../rig/vm/tinydocker.ts";
import type { Guest } from "./guest.ts";

const run = `${PROGRAM} run`;
/** What QEMU's DHCP server gives a guest. */
const GUEST = "10.0.2.15";

/** Runs `outside` in the guest while the container `web` serves the word `hello` at its port 80. */
function whileServing(options: string, outside: string): string {
  const serve =
    "mkdir /srv/www; echo hello >/srv/www/x; busybox httpd -p 80 -h /srv/www; echo >/talk/out; timeout 60 cat /talk/in";
  return `mkdir -p /tmp/talk && cd /tmp/talk && rm -f in out && mkfifo in out
${run} ${options} -v /tmp/talk:/talk web sh -c '${serve}' </dev/null &
timeout 60 cat out >/dev/null; ${outside}; timeout 60 sh -c ": >in"; wait`;
}

const fetch = (address: string) => `timeout 20 busybox wget -q -O - http://${address}/x`;
const ping = (address: string) => `busybox ping -c 1 -W 9 ${address} | grep -o " 0% packet loss"`;

/** What there is of networks in the guest. The kernel removes a cable a moment after its container. */
const LEFT = `for i in $(seq 100); do ip -o link show type veth | grep -q . || break; sleep 0.1; done
ip -o link | cut -d ' ' -f 2; ls /var/lib/tinydocker/networks/hosts; grep -o '"leases":[^]]*.' /var/lib/tinydocker/networks/leases`;

/**
 * On a minimal Debian, in which the second test installs libnftables, and whose kernel has bridge, veth and nf_tables as
 * modules that nothing has loaded yet, and no br_netfilter.
 */
export function networks({ sh, test }: Guest): void {
  test("without libnftables and iptables a container has no network, which is said, and -p is refused", async () => {
    const { stdout, stderr } = await sh(`${run} c1 ls /sys/class/net </dev/null; echo $?
${run} -p 8080:80 c1 echo ran </dev/null; echo $?; ${LEFT}`);
    assert.equal(stdout, 'lo\n0\n125\nlo:\neth0:\n"leases":[]\n');
    const refusal = String.raw`can't declare the rules of the networks: iptables-restore is not installed\n {2}apt-get install libnftables1, or iptables; .*\n`;
    assert.match(
      stderr,
      new RegExp(`^tinydocker: warning: the container has no network: ${refusal}tinydocker: ${refusal}$`),
    );
  });

  test("with libnftables the first container reaches the machine, whose kernel loads what it needs", async () => {
    const modules = "cut -d ' ' -f 1 /proc/modules | grep -x -e bridge -e veth -e nft_masq -e br_netfilter | sort";
    const { stdout, stderr } = await sh(`exec 3>&1 >/dev/null
apt-get -q update && apt-get -q -y install libnftables1 && exec >&3
${modules}; ${run} c1 sh -c '${ping(GUEST)}' </dev/null; ${modules}`);
    assert.equal(stdout, " 0% packet loss\nbridge\nnft_masq\nveth\n", stderr);
    assert.match(stderr, /warning: net\.ipv4\.ip_forward was 0, and is 1 now/);
  });

  test("a published port is reached by each address of the machine, and by a container, also by name", async () => {
    const machine = [GUEST, "127.0.0.1", "[::1]"].map((address) => fetch(`${address}:8080`)).join("; ");
    const inside = `${fetch("web")}; ${fetch(`${GUEST}:8080`)}; ${ping("web")}`;
    const outside = `${machine}; ${run} c1 sh -c '${inside}' </dev/null`;
    const { stdout, stderr } = await sh(whileServing("-p 8080:80", outside));
    assert.equal(stdout, `${"hello\n".repeat(5)} 0% packet loss\n`, stderr);
  });

  test("a network of one's own is made, joined over both protocols, and removed with its bridge", async () => {
    const network = `${PROGRAM} network`;
    const { stdout, stderr } = await sh(`${network} create --ipv6 --subnet 10.9.0.0/24 mine
gateway=$(${network} inspect mine | grep -o 'fd[0-9a-f:]*::1"' | tr -d '"')
${run} --network mine c1 sh -c '${ping("10.9.0.1")}; ${ping("$1")}' sh $gateway </dev/null
${network} rm mine; ${network} ls -q`);
    assert.equal(stdout, "mine\n 0% packet loss\n 0% packet loss\nmine\nbridge\nhost\nnone\n", stderr);
  });

  test("nothing is left but the bridge, also of a program that was killed, after the next start", async () => {
    const { stdout, stderr } = await sh(`(${whileServing("-p 8080:80", "kill -9 $!; exit")}) 2>/dev/null
${run} -p 8080:80 c2 true </dev/null; echo $?; ${LEFT}`);
    assert.match(stdout, /^0\nlo:\neth0:\ntd-[0-9a-f]+:\n"leases":\[\]\n$/, stderr);
  });
}
