#!/bin/sh
# build.sh DIRECTORY: fills it with the programs as the sources are, those of dist/ if these were built after the last change, and with what they need there.
set -eu
cd "$(dirname "$0")/../.."

# Copies, because users other than root may have no access to the project's folder; devtool, which they do not start, has links.
cp -R native package.json vagrant "$1"
mkdir "$1/node_modules"
cp -R node_modules/koffi node_modules/@koromix "$1/node_modules"
for package in node_modules/*; do
  [ -e "$1/$package" ] || ln -s "$PWD/$package" "$1/$package"
done
if [ -z "$(find build.mjs package.json devtool runtime -newer dist/tinydocker.cjs 2>&1)" ]; then
  # With their times: what V8 compiled is used only if it is not older than the file that it is of.
  cp -Rp dist "$1"
else
  node build.mjs "$1/dist"
fi
chmod 755 "$1"
