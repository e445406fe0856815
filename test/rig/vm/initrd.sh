#!/bin/bash
# initrd.sh ROOT: writes an initramfs to stdout: busybox and the modules for ROOT's disk and network.
set -euo pipefail
root=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=$(ls "$root/usr/lib/modules")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,dev,proc,newroot,modules}
cp "$root/bin/busybox" "$tree/bin/"
install -m 755 "$here/guest/initramfs-init" "$tree/init"
for module in virtio_pci virtio_mmio virtio_blk virtio_net virtio_rng crc32c_generic ext4; do
  chroot "$root" modprobe -S "$kernel" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r file; do
  cp "$root$file" "$tree/modules/"
  basename "$file" >>"$tree/modules/list"
done
(cd "$tree" && find . | cpio --quiet -o -H newc)
