#!/bin/sh
# box.sh IMAGE BOX: makes a Vagrant box for libvirt under software emulation from the guest's image in the directory IMAGE.
set -eu
image=$1 box=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

qemu-img convert -O qcow2 "$image/disk.raw" "$work/box.img"
cp "$image/vmlinuz" "$image/initrd" "$image/key" "$work/"
chmod 644 "$work/key"
printf '{"provider":"libvirt","format":"qcow2","virtual_size":3}\n' >"$work/metadata.json"
cat >"$work/Vagrantfile" <<'END'
Vagrant.configure("2") do |config|
  here = File.dirname(File.expand_path(__FILE__))
  config.ssh.insert_key = false
  config.ssh.private_key_path = File.join(here, "key")
  config.vm.provider "libvirt" do |libvirt|
    libvirt.driver = "qemu"
    libvirt.cpu_mode = "custom"
    libvirt.cpu_model = "Nehalem"
    libvirt.machine_type = "q35"
    libvirt.graphics_type = "none"
    libvirt.video_type = "none"
    libvirt.kernel = File.join(here, "vmlinuz") # the image has no boot loader
    libvirt.initrd = File.join(here, "initrd")
    libvirt.cmd_line = "console=ttyS0 rw quiet loglevel=3 net.ifnames=0 panic=1 random.trust_cpu=on selinux=0 apparmor=0 audit=0 mitigations=off tsc=reliable no_timer_check"
  end
end
END
tar -C "$work" -cf "$box" metadata.json Vagrantfile box.img vmlinuz initrd key
