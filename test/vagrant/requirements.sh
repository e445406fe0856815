#!/bin/sh
# Installs Vagrant with its libvirt provider from Debian's packages, as root; elsewhere fails and lists them.
set -eu
packages="vagrant vagrant-libvirt libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients dnsmasq-base qemu-utils"

if command -v vagrant >/dev/null && command -v libvirtd >/dev/null && command -v qemu-img >/dev/null; then
  exit 0
elif [ "$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ]; then
  sh "$(dirname "$0")/../requirements.sh"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update </dev/null
  # shellcheck disable=SC2086 # a list of words
  apt-get -qq install -y --no-install-recommends $packages </dev/null >/dev/null
else
  echo "install these Debian packages, or their equivalents, as root: $packages" >&2
  exit 1
fi
