#!/bin/sh
# chroot.sh DIRECTORY COMMAND [ARG…]
# Runs a command in a chroot that looks as this machine, and is not a mount point. The mounts are in this mount namespace only.
set -eu
root=$1
shift

for name in usr etc proc dev sys var tmp root run; do
  mkdir -p "$root/$name"
  mount --rbind "/$name" "$root/$name"
done
for link in bin lib lib64 sbin; do
  [ ! -L "/$link" ] || cp -a "/$link" "$root/$link"
done
exec chroot "$root" "$@"
