#!/bin/sh
# left-behind.sh COMMAND...: runs the command, then lists what it left on the machine, and fails if that is not empty.
#
# Other programs, and other runs of these tests, may create things of the same kinds at the same time. What counts:
#   directories  everything in $TMPDIR, which belongs to this run
#   processes    all, where this is the first process of a pid namespace
#   mounts       all, where this is the first process of a mount namespace too; else those with our name
#   cgroups      those with our name, except where a process is in it, which then counts itself, and except tinydocker-test.SOMETHING,
#                which a test of any run creates
#   links, nft   those with our name
#   agents       devtool's directories of agents that have ended
set -eu

ours=tinydocker

main() {
  work=$(mktemp -d)
  TMPDIR=$(mktemp -d /var/tmp/td.XXXXXX) # short, because a socket's path has at most 107 bytes
  # Not if a mount was left there: rm would delete what is mounted.
  trap 'rm -rf "$work"; grep -qsF " $TMPDIR/" /proc/self/mountinfo || rm -rf "$TMPDIR"' EXIT
  chmod 1777 "$TMPDIR" # tests start processes of other users
  export TMPDIR
  left >"$work/before"
  ended=0
  "$@" || ended=$?
  processes_gone
  left | comm -13 "$work/before" - >>"$work/left"
  [ -s "$work/left" ] || exit $ended
  echo 'left behind:' >&2
  sed 's/^/  /' "$work/left" >&2
  exit 1
}

# One per line.
left() { { directories; mounts; cgroups; links; rules; agents; } | sort -u; }

# tsx and Node.js keep their caches there.
directories() { find "$TMPDIR" -mindepth 1 -maxdepth 1 ! -name 'tsx-*' ! -name node-compile-cache | sed 's/^/directory /'; }

mounts() { [ ! -r /proc/self/mountinfo ] || awk '{ print "mount", $5, "of", $0 }' /proc/self/mountinfo | { [ $$ = 1 ] && cat || grep -F $ours || :; } | sed 's/ of .*//'; }

cgroups() {
  [ ! -d /sys/fs/cgroup ] || find /sys/fs/cgroup -type d -path "*$ours*" ! -path "*$ours-test.*" | while read -r cgroup; do
    [ -n "$(find "$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null)" ] || echo "cgroup $cgroup"
  done
}

links() {
  for link in /sys/class/net/*; do
    case ${link##*/}:$(cat "$link/ifalias" 2>/dev/null) in *"$ours"*) echo "link ${link##*/}" ;; esac
  done
}

# The tables whose text has our name in it.
rules() {
  command -v nft >/dev/null || return 0
  nft list ruleset 2>/dev/null | awk -v ours=$ours '
    function report() { if (index(text, ours)) print "rules", head }
    /^table / { report(); head = $0; text = "" }
    { text = text $0 }
    END { report() }'
}

# A running agent listens on its socket, and may belong to another program.
agents() {
  for socket in /tmp/devtool-*/agent.sock "${XDG_RUNTIME_DIR:-/tmp}"/devtool-*/agent.sock; do
    [ ! -e "$socket" ] || grep -qF " $socket" /proc/net/unix || echo "agent ${socket%/*}"
  done
}

# Waits up to 5 s for processes that are ending, and lists those that remain. It polls, because a shell can only wait for its children.
processes_gone() {
  : >"$work/left"
  [ $$ = 1 ] || return 0
  for _ in $(seq 50); do
    other_processes >"$work/left"
    [ -s "$work/left" ] || break
    sleep 0.1
  done
}

other_processes() {
  for process in /proc/[0-9]*; do
    [ "$process" = /proc/1 ] || command_of "$process" | sed 's/^/process /'
  done
}

# A zombie has only a name, unless a thread of it is left. Nothing if it is gone.
command_of() {
  for thread in "$1"/task/*; do
    command=$(tr '\0\n' '  ' 2>/dev/null <"$thread/cmdline") || :
    [ -z "$command" ] || { echo "$command"; return; }
  done
  sed -n 's/^Name:[[:space:]]*\(.*\)/[\1], which has ended and that its parent does not wait for/p' "$1/status" 2>/dev/null || :
}

main "$@"
