#!/bin/sh
# Installs what the tests need, on Debian and Ubuntu as root; elsewhere reports what is missing, and the tests that need it are skipped
# (CI=true or MUST_WORK=1: fails instead).
set -eu

case $(uname -m) in
  aarch64) qemu="qemu-system-arm" ;;
  *) qemu="qemu-system-x86" ;;
esac

# In this order: a target, what the examples are built with and devtool is used with, checks of C code, the guest, checks of scripts and of the Vagrantfile, registries.
packages="
  openssh-server openssh-client rsync gcc g++ make libc6-dev libseccomp-dev sudo git
  python3 golang-go gdb gdbserver neovim chromium zsh fish
  cppcheck strace util-linux uidmap slirp4netns passt bsdutils iproute2 nftables iptables procps perl-base
  $qemu mmdebstrap e2fsprogs cpio xz-utils zstd libcap2-bin busybox-static
  shellcheck curl wget ca-certificates ruby openssl
  docker-registry skopeo umoci podman buildah"

# Node.js for Windows, under wine.
[ "$(uname -m)" != x86_64 ] || packages="$packages wine wine64 gcc-mingw-w64-x86-64"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

quiet() {
  said=$(DEBIAN_FRONTEND=noninteractive "$@" 2>&1 </dev/null) || { echo "$said" >&2; return 1; }
}

missing=
for package in $packages; do
  installed "$package" || missing="$missing $package"
done

if [ -z "$missing" ]; then
  :
elif [ "$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ]; then
  echo "tests: installing$missing"
  # shellcheck disable=SC2086 # a list of words
  { quiet apt-get update && quiet apt-get -o DPkg::Options::=--force-unsafe-io install -y --no-install-recommends $missing; } || exit 1
else
  echo "tests: these Debian packages, or their equivalents, are not installed:$missing; tests that need one are skipped" >&2
  case ${CI:-}:${MUST_WORK:-} in true:* | *:1) exit 1 ;; esac
fi

# What lays out packages otherwise than npm does.
if ! command -v pnpm >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "tests: installing pnpm"
  quiet npm install --global pnpm@10
fi

# What compiles an add-on looks for them beside Node.js, and else downloads them.
prefix=$(readlink -f "$(command -v node)")
prefix=${prefix%/bin/*}
if [ ! -e "$prefix/include/node/node.h" ] && [ "$(id -u)" = 0 ]; then
  echo "tests: installing Node.js's headers in $prefix/include"
  work=$(mktemp -d)
  (
    cd "$work"
    case $(uname -m) in aarch64) arch=arm64 ;; *) arch=x64 ;; esac
    quiet npm pack "node-linux-$arch@$(node -p process.versions.node)"
    tar -xzf node-*.tgz --strip-components=1 --no-same-owner -C "$prefix" package/include
  ) || echo "tests: Node.js's headers could not be installed; the test that compiles an add-on fails" >&2
  rm -rf "$work"
fi
