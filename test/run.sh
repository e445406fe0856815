#!/bin/sh
# npm test: installs what the tests need; checks types, style and C; runs every test except those of test/vagrant, or the given files.
# As root in its own process and mount namespace: every process and mount there belongs to the run, and ends with it.
set -eu
cd "$(dirname "$0")/.."

main() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  make_images &
  npm run --silent check
  check_c
  mkdir "$work/built"
  chmod 755 "$work" # users of tests start what is in it
  sh test/rig/build.sh "$work/built"
  export TINYDOCKER_TEST_BUILT="$work/built"
  ended=0
  run_tests "$@" || ended=$?
  [ $# -gt 0 ] || other_nodes || ended=1
  wait
  exit $ended
}

# A guest's image takes a minute to make: the builds are started now, and the tests that boot one wait for its lock. It outlives the run's TMPDIR.
make_images() {
  [ "$(id -u)" = 0 ] || return 0
  for suite in bookworm trixie; do
    env -u TMPDIR bash test/rig/vm/image.sh $suite >"$work/image.log" 2>&1 || sed 's/^/image: /' "$work/image.log" >&2
  done
}

check_c() {
  make --silent -C native
  ! command -v cppcheck >/dev/null ||
    cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr -D_GNU_SOURCE -D__x86_64__ -Inative native/*.c native/*/*.c
}

run_tests() {
  if [ $# = 0 ]; then
    files=$(node --import tsx test/files.ts) || return 1
    # shellcheck disable=SC2086 # names of our own, without spaces
    set -- $files
  fi
  # The time limit is of a whole file, and for what deadline.ts can't end.
  node --import tsx --import ./test/rig/deadline.ts --test --test-reporter=spec --test-concurrency=2 --test-timeout=900000 "$@"
}

# Where every test must run.
other_nodes() {
  case ${CI:-}:${MUST_WORK:-} in true:* | *:1) sh test/node-versions.sh 20 22 24 26 ;; esac
}

if [ -n "${TINYDOCKER_TEST_RUN:-}" ]; then
  main "$@"
else
  export TINYDOCKER_TEST_RUN=1
  sh test/requirements.sh
  set -- sh test/rig/left-behind.sh sh test/run.sh "$@"
  ! unshare --mount --pid --fork true 2>/dev/null || set -- unshare --mount --pid --fork --kill-child --mount-proc "$@"
  exec "$@"
fi
