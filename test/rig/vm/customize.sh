#!/bin/bash
# customize.sh ROOT: turns a freshly installed Debian tree into the guest. mmdebstrap calls it, with apt configured for ROOT.
# NODE: the node binary to install; KEY: the private key that may log in.
set -euo pipefail
root=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG

# Only the kernel's files: its package depends on initramfs-tools.
add_kernel() {
  local arch package work
  arch=$(dpkg --print-architecture)
  package=$(apt-cache depends "linux-image-cloud-$arch" | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -1)
  work=$(mktemp -d)
  (cd "$work" && apt-get download -qq "$package" && dpkg -x "$package"_*.deb .)
  cp -a "$work"/boot/vmlinuz-* "$root/boot/"
  mv "$(find "$work" -type d -name modules -path '*lib/modules')" "$root/usr/lib/"
  rm -rf "$work"
  chroot "$root" depmod "${package#linux-image-}"
}

# Only the compiler of AppArmor's profiles: its package has more than a hundred of them loaded at each boot.
add_apparmor_parser() {
  local work
  work=$(mktemp -d)
  (cd "$work" && apt-get download -qq apparmor && dpkg -x apparmor_*.deb .)
  find "$work" -path '*sbin/apparmor_parser' -exec install -m 755 {} "$root/usr/sbin/" \;
  install -d "$root/etc/apparmor.d"
  cp -a "$work/etc/apparmor.d/abi" "$root/etc/apparmor.d/"
  rm -rf "$work"
}

# Adds a package source in the guest, from which provision installs make and rsync without a network, and a test libnftables1.
add_package_source() {
  local source=$root/var/lib/packages deb
  apt-get clean
  apt-get install -qq -y --download-only make rsync libnftables1 >/dev/null
  mkdir "$source"
  mv "$root"/var/cache/apt/archives/*.deb "$source/"
  for deb in "$source"/*.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$deb")" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
  done >"$source/Packages"
  rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/*
  echo 'deb [trusted=yes] file:/var/lib/packages ./' >"$root/etc/apt/sources.list"
}

add_users() {
  local user
  for user in vagrant plain; do
    chroot "$root" useradd -m -s /bin/bash "$user"
    echo "$user:$user" | chroot "$root" chpasswd
    install -d -m 700 "$root/home/$user/.ssh"
    install -m 600 "$KEY.pub" "$root/home/$user/.ssh/authorized_keys"
    chroot "$root" chown -R "$user:$user" "/home/$user/.ssh"
  done
  echo 'vagrant ALL=(ALL) NOPASSWD:ALL' >"$root/etc/sudoers.d/vagrant"
  chmod 440 "$root/etc/sudoers.d/vagrant"
}

configure() {
  echo guest >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 guest\n' >"$root/etc/hosts"
  printf 'UseDNS no\nPasswordAuthentication no\n' >"$root/etc/ssh/sshd_config.d/test.conf"
  install -m 644 "$here"/guest/*.service "$root/etc/systemd/system/"
  install -m 755 "$here/guest/udhcpc" "$root/usr/local/sbin/udhcpc"
  chroot "$root" systemctl --quiet enable network.service ready.service
  chroot "$root" systemctl --quiet set-default multi-user.target
  # Without udev no device unit ever appears: units that wait for one would delay the boot.
  chroot "$root" systemctl --quiet mask serial-getty@ttyS0.service serial-getty@ttyAMA0.service getty@tty1.service \
    systemd-firstboot.service systemd-machine-id-commit.service systemd-timesyncd.service systemd-pcrphase.service \
    systemd-pcrphase-sysinit.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  install -m 755 "$NODE" "$root/usr/bin/node"
}

add_kernel
add_apparmor_parser
add_package_source
add_users
configure
