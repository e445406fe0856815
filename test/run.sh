#!/bin/sh
# npm test: installs what the tests need; checks types, style and C; runs every test but those of test/vagrant, or the files it is given.
# As root in a process and mount namespace of its own: what a test leaves behind is seen exactly, and ends with the run.
set -eu
cd "$(dirname "$0")/.."

main() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  make_image &
  npm run --silent check
  check_c
  leftovers | sort >"$work/before"
  ended=0
  run_tests "$@" || ended=$?
  wait
  nothing_left || ended=1
  exit $ended
}

# The guest's image takes a minute to make: it is begun now, and the tests that boot it wait for its lock.
make_image() {
  [ "$(id -u)" != 0 ] || bash test/rig/vm/image.sh >"$work/image.log" 2>&1 || sed 's/^/image: /' "$work/image.log" >&2
}

check_c() {
  make --silent -C native
  ! command -v cppcheck >/dev/null ||
    cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr -D_GNU_SOURCE -D__x86_64__ native/*.c
}

run_tests() {
  # shellcheck disable=SC2046 # names of our own, without spaces
  [ $# -gt 0 ] || set -- $(find test -name '*.test.ts' ! -path 'test/vagrant/*' | sort)
  node --import tsx --test --test-reporter=spec --test-concurrency=2 --test-timeout=600000 "$@"
}

nothing_left() {
  processes_gone
  leftovers | sort | comm -13 "$work/before" - >>"$work/left"
  [ -s "$work/left" ] || return 0
  echo 'tests: left behind:' >&2
  sed 's/^/  /' "$work/left" >&2
  return 1
}

# What outlives processes and could be forgotten, one a line. systemd's own cgroups come and go by themselves.
leftovers() {
  awk '{ print "mount", $5 }' /proc/self/mountinfo
  [ ! -d /sys/fs/cgroup ] || find /sys/fs/cgroup -type d ! -name '*.service' ! -name '*.scope' ! -name '*.slice' | sed 's/^/cgroup /'
  find /tmp /var/tmp -maxdepth 1 -name 'tinydocker*' | sed 's/^/directory /'
  ! command -v ip >/dev/null || ip -o link | awk -F ': ' '{ print "link", $2 }'
  ! command -v nft >/dev/null || nft list ruleset | sed 's/^/rule /'
}

# Waits up to 5 s for processes that are just ending; writes down those that stay.
processes_gone() {
  [ "${TINYDOCKER_TEST_NAMESPACE:-}" = "$$" ] || return 0
  for _ in $(seq 50); do
    other_processes >"$work/left"
    [ -s "$work/left" ] || break
    sleep 0.1
  done
}

other_processes() {
  for process in /proc/[0-9]*; do
    [ "$process" = /proc/1 ] || echo "process $(tr '\0' ' ' 2>/dev/null <"$process/cmdline")"
  done
}

if [ -z "${TINYDOCKER_TEST_NAMESPACE:-}" ]; then
  sh test/requirements.sh
  if unshare --mount --pid --fork true 2>/dev/null; then
    export TINYDOCKER_TEST_NAMESPACE=1 # the process id of this script there
    exec unshare --mount --pid --fork --kill-child --mount-proc sh test/run.sh "$@"
  fi
fi
main "$@"
