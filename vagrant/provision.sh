#!/bin/sh
# Prepares a Debian or Ubuntu machine (amd64, arm64) as a target: gcc, make, libc's headers, rsync and Node.js >= 20.19. Run it as root.
# It installs only what is missing, so running it again changes nothing.
#   NODE_MIRROR  where Node.js is downloaded from if it is missing (https://nodejs.org/dist)
#   NODE_PREFIX  where it is installed (/usr/local)
#   PROVISION_PROGRESS  not empty: prints how far apt is, in the lines of its Status-Fd
#   TINYDOCKER_BOOT  the path of a tinydocker whose containers start with the machine: a unit of systemd for that is installed
#   SYSTEMD_UNITS  where (/etc/systemd/system)
set -eu

node_mirror=${NODE_MIRROR:-https://nodejs.org/dist}
node_prefix=${NODE_PREFIX:-/usr/local}
node_line=latest-v22.x
units=${SYSTEMD_UNITS:-/etc/systemd/system}
PATH=$node_prefix/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin

# devtool sends this text to `sh -s`: it must be read to its end before anything else reads from stdin.
main() {
  packages=$(missing_packages | tr '\n' ' ')
  if has_node; then node_missing=false; else node_missing=true; fi
  if [ -n "$packages" ] || $node_missing; then
    [ "$(id -u)" = 0 ] || fail "must run as root to install what is missing: $packages$($node_missing && echo Node.js)"
    require_debian
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    if $node_missing; then packages="$packages $(missing_downloader)"; fi
    install_packages "$packages"
    if $node_missing; then install_node; fi
  fi
  load_overlay
  [ -z "${TINYDOCKER_BOOT:-}" ] || start_at_boot "$TINYDOCKER_BOOT"
  say "ready: $(gcc -dumpversion | sed 's/^/gcc /'), node $(node --version)"
}

say() { echo "provision: $*"; }
fail() {
  echo "provision: $*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

missing_packages() {
  has gcc || echo gcc
  has make || echo make
  has rsync || echo rsync
  [ -e /usr/include/stdlib.h ] || echo libc6-dev
}

missing_downloader() {
  has curl || has wget || echo curl
  [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
  has xz || echo xz-utils
}

# 20.19 is the first of its line that loads an ES module with require().
has_node() {
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; }
}

require_debian() {
  # shellcheck disable=SC1091
  name=$(. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-$ID} is ${ID:-} ${ID_LIKE:-}")
  case " ${name##* is } " in *" debian "* | *" ubuntu "*) return ;; esac
  fail "${name%% is *} is neither Debian nor Ubuntu; install by hand: gcc, make, rsync, the C library's headers (glibc-devel, musl-dev) and Node.js 20.19 or newer"
}

install_packages() {
  # shellcheck disable=SC2086 # a list of words
  set -- $1
  [ $# -gt 0 ] || return 0
  say "installing $*"
  apt_get update || say "apt-get update failed; continuing with the existing package lists"
  apt_get install -y --no-install-recommends "$@" || fail "apt-get can't install $*"
}

# Prints nothing unless it fails. After a boot another package manager may hold the lock: wait for it.
apt_get() {
  [ -z "${PROVISION_PROGRESS:-}" ] || set -- -o APT::Status-Fd=3 "$@"
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" </dev/null 3>&1 >"$work/apt" 2>&1 && return
  cat "$work/apt" >&2
  return 1
}

install_node() {
  case $(dpkg --print-architecture) in
    amd64) arch=x64 ;;
    arm64) arch=arm64 ;;
    *) fail "Node.js has no download for $(dpkg --print-architecture); install Node.js 20.19 or newer by hand" ;;
  esac
  download "$node_mirror/$node_line/SHASUMS256.txt" "$work/SHASUMS256.txt"
  archive=$(sed -n "s/^[0-9a-f]\{64\}  \(node-v[0-9.]*-linux-$arch\.tar\.xz\)\$/\1/p" "$work/SHASUMS256.txt" | head -n 1)
  [ -n "$archive" ] || fail "$node_mirror/$node_line/SHASUMS256.txt names no archive for linux-$arch"
  say "installing ${archive%.tar.xz} below $node_prefix"
  download "$node_mirror/$node_line/$archive" "$work/$archive"
  (cd "$work" && grep "  $archive\$" SHASUMS256.txt | sha256sum -c --status) ||
    fail "$node_mirror/$node_line/$archive does not have the checksum in SHASUMS256.txt; nothing was installed"
  unpack_node "$work/$archive"
}

download() {
  if has curl; then
    curl -fsSL --retry 2 --connect-timeout 20 -o "$2" "$1" </dev/null || fail "can't download $1 (curl ended with $?); set NODE_MIRROR to another address"
  else
    wget -q --tries=3 --timeout=20 -O "$2" "$1" </dev/null || fail "can't download $1 (wget ended with $?); set NODE_MIRROR to another address"
  fi
}

# bin is last: an interrupted installation counts as missing and is repeated.
unpack_node() {
  mkdir "$work/node"
  tar -xJf "$1" -C "$work/node" --strip-components=1 --no-same-owner || fail "can't unpack ${1##*/}"
  mkdir -p "$node_prefix"
  for part in include share lib bin; do
    [ ! -d "$work/node/$part" ] || cp -R --no-dereference --preserve=mode,timestamps,links --remove-destination "$work/node/$part" "$node_prefix/" ||
      fail "can't copy Node.js to $node_prefix"
  done
  has_node || fail "$node_prefix/bin/node does not run, or is older than 20.19"
}

# A mount by root loads the module; a rootless one can't.
load_overlay() {
  grep -qw overlay /proc/filesystems && return
  modprobe overlay 2>/dev/null || say "this kernel has not loaded the overlay file system, and modprobe can't load it"
}

start_at_boot() {
  case $1 in
    *[!A-Za-z0-9/._+@-]*) fail "TINYDOCKER_BOOT may have letters, digits and /._+@- only, not $1" ;;
    /*) ;;
    *) fail "TINYDOCKER_BOOT must be an absolute path, not $1" ;;
  esac
  [ -x "$1" ] || fail "there is no program $1"
  has systemctl || fail "this machine has no systemd; start the containers by its own means: $1 start --boot"
  # tinydocker.service, the name that it had, is the unit that systemd makes for the cgroups of containers.
  rm -f "$units/tinydocker.service" "$units/multi-user.target.wants/tinydocker.service" 2>/dev/null || :
  { mkdir -p "$units/multi-user.target.wants" && unit "$1" >"$units/.tinydocker-boot.service" &&
    mv "$units/.tinydocker-boot.service" "$units/tinydocker-boot.service" &&
    ln -sf ../tinydocker-boot.service "$units/multi-user.target.wants/tinydocker-boot.service"; } 2>/dev/null ||
    fail "can't write $units/tinydocker-boot.service: run it as root"
  [ ! -d /run/systemd/system ] || systemctl daemon-reload || fail "systemctl daemon-reload failed"
  say "the containers of $1 that are to run whenever this machine does start with it"
}

# KillMode: the monitors of the containers stay when the unit is stopped, or started again.
unit() {
  cat <<END
[Unit]
Description=Containers of tinydocker that run whenever this machine does
Wants=network-online.target
After=network-online.target local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
Environment=PATH=$PATH
ExecStart=$1 start --boot

[Install]
WantedBy=multi-user.target
END
}

main "$@"
