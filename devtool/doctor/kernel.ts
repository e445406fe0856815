import type { Check } from "../report/results.ts";

/** Prints `NAME VALUE` lines; the value of what is missing is empty. */
export const KERNEL_PROBE = `
echo "overlay $(grep -ow overlay /proc/filesystems)"
echo "namespaces $(cd /proc/self/ns && echo cgroup ipc mnt net pid user uts | tr ' ' '\\n' | while read -r n; do [ -e "$n" ] && printf '%s ' "$n"; done)"
echo "userns $(unshare --user --map-root-user echo allowed 2>/dev/null)"
case $(stat -fc %T /sys/fs/cgroup 2>/dev/null) in
cgroup2fs) echo "cgroup 2" ;;
*) if [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then echo "cgroup 1, and 2 beside it"; elif [ -e /proc/self/cgroup ]; then echo "cgroup 1"; else echo "cgroup "; fi ;;
esac
if [ -e /sys/module/nf_tables ] || nft list tables >/dev/null 2>&1 || sudo -n nft list tables >/dev/null 2>&1; then echo "nftables in use"
elif modprobe -n nf_tables 2>/dev/null || { zcat /proc/config.gz; cat "/boot/config-$(uname -r)"; } 2>/dev/null | grep -q "^CONFIG_NF_TABLES="; then echo "nftables can be loaded"
else echo "nftables "; fi
`;

const NAMESPACES = 7;

/** What tinydocker asks of a kernel. */
export function kernelChecks(where: string, found: ReadonlyMap<string, string>): Check[] {
  const namespaces = found.get("namespaces") ?? "";
  const check = (name: string, value: string | undefined, remedy: string, ok = Boolean(value)): Check => {
    return { where, name, ok, needed: false, found: value || null, remedy };
  };
  return [
    check("overlay file system", found.get("overlay"), "sudo modprobe overlay"),
    check("namespaces", namespaces, "use a kernel that has all of them", namespaces.split(" ").length === NAMESPACES),
    check(
      "user namespaces of its login user",
      found.get("userns"),
      "containers without root need them: sudo sysctl user.max_user_namespaces=15000, kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, whichever it has",
    ),
    check("cgroup version", found.get("cgroup"), "limits need it: mount -t cgroup2 none /sys/fs/cgroup"),
    check("nf_tables", found.get("nftables"), "published ports need it, or iptables: sudo modprobe nf_tables"),
  ];
}
