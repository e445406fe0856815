import { join } from "node:path";

/** QEMU's program for this machine's own architecture. */
export function qemuProgram(): string {
  return process.arch === "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";
}

/**
 * The command line that boots the image in a directory under software emulation, on a temporary copy of its disk. The
 * console is stdout; a port of loopback that QEMU picks leads to the guest's sshd. The guest reaches nothing outside
 * (restrict).
 */
export function qemuArguments(image: string, monitor: string): string[] {
  const arm = process.arch === "arm64";
  const boot = `console=${arm ? "ttyAMA0" : "ttyS0"} ${BOOT}`;
  const machine = arm ? ["-M", "virt", "-cpu", "cortex-a57"] : ["-M", "q35", "-cpu", "Nehalem"];
  return [
    ...["-accel", "tcg,thread=multi,tb-size=512", ...machine, "-smp", "2", "-m", "1024"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd"), "-append", boot],
    ...["-drive", `if=none,id=disk,file=${join(image, "disk.raw")},format=raw,snapshot=on,cache=unsafe`],
    ...["-device", "virtio-blk-pci,drive=disk"],
    ...["-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22"],
    ...["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"],
    ...["-serial", "stdio", "-monitor", `unix:${monitor},server=on,wait=off`],
  ];
}

/** Everything from tsc=reliable on saves seconds under emulation. */
const BOOT =
  "rw quiet loglevel=3 net.ifnames=0 panic=1 reboot=t random.trust_cpu=on selinux=0 audit=0 mitigations=off tsc=reliable no_timer_check";
