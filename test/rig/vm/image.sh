#!/bin/bash
# image.sh SUITE: prints the directory of a guest's image, of Debian bookworm (12) or trixie (13), and builds it first if it does not exist: one build at a time, cached by a digest of this recipe.
# In it: disk.raw, vmlinuz, initrd, key (may log in), host_key.pub (the guest's).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=${NODE:-$(command -v node)}
suite=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tinydocker-test

# Node.js is part of the image: the guest runs a copy of this machine's.
digest() { { cat "$here"/*.sh "$here"/guest/*; "$node" --version; uname -m; echo "$suite"; } | sha256sum | cut -c1-16; }

main() {
  local image
  image=$cache/vm-$(digest)
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  [ -e "$image" ] || build "$image" >&2 9>&-
  touch "$image"
  find "$cache" -maxdepth 1 -name 'vm-*' -mtime +7 -exec rm -rf {} +
  echo "$image"
}

build() {
  rm -rf --one-file-system "$cache"/building.* # left by a build that was killed
  work=$(mktemp -d "$cache/building.XXXXXX")
  trap 'rm -rf --one-file-system "$work"' EXIT
  local made=$work/image root=$work/root
  mkdir "$made"
  ssh-keygen -q -t ed25519 -N '' -C tinydocker-test -f "$made/key"
  bootstrap "$root" "$made"
  "$here/initrd.sh" "$root" >"$made/initrd"
  mv "$root"/boot/vmlinuz-* "$made/vmlinuz"
  cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$made/host_key.pub"
  # mke2fs fills the file system from the tree: no loop device, no mount.
  mke2fs -q -t ext4 -d "$root" -O ^has_journal,^metadata_csum -E lazy_itable_init=1,nodiscard -m 0 -N 120000 "$made/disk.raw" 3G
  mv "$made" "$1"
}

# A Debian system as a directory tree. gcc is in it; make, rsync and libnftables1 are not: tests install them in the guest.
bootstrap() {
  local packages=systemd-sysv,dbus,libpam-systemd,openssh-server,sudo,kmod,procps,iproute2,busybox-static,libstdc++6,gcc,libc6-dev
  local sources
  mapfile -t sources < <(debian_sources)
  NODE=$node KEY=$2/key mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include=$packages \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
    --customize-hook="$here/customize.sh" "$suite" "$1" "${sources[@]}"
}

# This machine's own apt sources if they have the suite, so that its mirror and proxy are used; else Debian's.
debian_sources() {
  local found
  found=$(grep -lsE "(deb.*|Suites:.*)[[:space:]]$suite([[:space:]]|\$)" /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources || true)
  echo "${found:-http://deb.debian.org/debian}"
}

main
