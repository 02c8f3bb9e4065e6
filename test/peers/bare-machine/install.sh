#!/usr/bin/env bash
# Makes a Debian with nothing on it but git and the Node.js and npm of this machine. Usage, as root: install.sh FOLDER NODE NPM
# NODE is the program, NPM the folder of the package.
set -euo pipefail

folder=$1 node=$2 npm=$3

rm --recursive --force --one-file-system "$folder"
"$(dirname "${BASH_SOURCE[0]}")/../debootstrap.sh" "$folder" bookworm ca-certificates,git
cp --dereference "$node" "$folder/usr/local/bin/node"
mkdir --parents "$folder/usr/local/lib/node_modules"
cp --recursive "$npm" "$folder/usr/local/lib/node_modules/npm"
ln --symbolic ../lib/node_modules/npm/bin/npm-cli.js "$folder/usr/local/bin/npm"
ln --symbolic ../lib/node_modules/npm/bin/npx-cli.js "$folder/usr/local/bin/npx"
touch "$folder/.installed"
