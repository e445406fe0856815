#!/bin/sh
# build.sh DIRECTORY: fills it with the programs, built from the sources as they are, and with what they need there.
set -eu
cd "$(dirname "$0")/../.."

# Copies, because users other than root may have no access to the project's folder; devtool, which they do not start, has links.
cp -R native package.json vagrant "$1"
mkdir "$1/node_modules"
cp -R node_modules/koffi node_modules/@koromix "$1/node_modules"
for package in node_modules/*; do
  [ -e "$1/$package" ] || ln -s "$PWD/$package" "$1/$package"
done
node build.mjs "$1/dist"
chmod 755 "$1"
