#!/usr/bin/env bash
# Installs a real Home Assistant for the tests, into a folder of its own: a small Debian with the Python that it needs.
# Usage, as root: install.sh [FOLDER]      Where the folder is complete it does nothing.
set -euo pipefail

HOME_ASSISTANT=2026.2.3
UV=0.9.26 # what that release installs with
DEBIAN=trixie
PACKAGES=ca-certificates,g++,libturbojpeg0,python3-dev,python3-venv # some requirements are compiled

recipe=$(realpath "${BASH_SOURCE[0]}")
folder=$(realpath --canonicalize-missing "${1:-$(dirname "$recipe")/../../../.peers/home-assistant}")
begun=$folder/.begun
installed=$folder/.installed # tells which recipe it was, so that another one installs anew
hash=$(sha256sum <"$recipe")

if [ "$(cat "$installed" 2>/dev/null)" = "$hash" ]; then exit 0; fi
if [ "$(id --user)" != 0 ]; then
  echo "Only root can install Home Assistant: sudo $0 $folder" >&2
  exit 1
fi

# What is mounted from here on ends with the installer, however that ends.
if [ -z "${OWN_MOUNTS:-}" ]; then exec env OWN_MOUNTS=yes unshare --mount "$recipe" "$folder"; fi

if [ -e "$begun" ]; then rm --recursive --force --one-file-system "$folder"; fi
mkdir --parents "$folder"
if [ -n "$(ls --almost-all "$folder")" ]; then
  echo "$folder has files that are not from here: name another folder." >&2
  exit 1
fi
touch "$begun"

"$(dirname "$recipe")/../debootstrap.sh" "$folder" "$DEBIAN" "$PACKAGES"
certificates=/etc/ssl/certs/ca-certificates.crt
mount --types proc proc "$folder/proc"
settings=(PATH=/opt/hass/bin:/usr/bin:/bin HOME=/root LANG=C.UTF-8 VIRTUAL_ENV=/opt/hass
  PIP_CERT="$certificates" SSL_CERT_FILE="$certificates" UV_HTTP_TIMEOUT=180)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  if [ -n "${!name:-}" ]; then settings+=("$name=${!name}"); fi
done
inside() { chroot "$folder" env --ignore-environment "${settings[@]}" "$@"; }

inside python3 -m venv /opt/hass
if ! inside pip install --no-cache-dir --retries 2 "uv==$UV"; then
  # No way to the public index: the machine's own may serve.
  index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url)}
  settings+=("PIP_INDEX_URL=$index" "UV_DEFAULT_INDEX=$index")
  inside pip install --no-cache-dir "uv==$UV"
fi
install() { inside uv pip install --no-cache --compile-bytecode "$@"; }
install --no-deps "homeassistant==$HOME_ASSISTANT"
cp "$folder"/opt/hass/lib/python3*/site-packages/homeassistant/package_constraints.txt "$folder/opt/constraints.txt"
install --constraint /opt/constraints.txt "homeassistant==$HOME_ASSISTANT"

# It would install the rest at its first start: what the parts need that it always sets up, its pages ask for, or tests use.
inside python3 - >"$folder/opt/requirements.txt" <<'PYTHON'
import json
from pathlib import Path

import homeassistant
from homeassistant.bootstrap import CRITICAL_INTEGRATIONS, DEFAULT_INTEGRATIONS
from homeassistant.const import BASE_PLATFORMS

components = Path(homeassistant.__file__).parent / "components"
wanted = {"config", "mqtt", "recorder", *BASE_PLATFORMS, *CRITICAL_INTEGRATIONS, *DEFAULT_INTEGRATIONS}
seen = set()
while wanted - seen:
    name = (wanted - seen).pop()
    seen.add(name)
    manifest = json.loads((components / name / "manifest.json").read_text())
    wanted.update(manifest.get("dependencies", []))
    for requirement in manifest.get("requirements", []):
        print(requirement)
PYTHON
install --constraint /opt/constraints.txt --requirement /opt/requirements.txt

rm --recursive --force "$folder"/tmp/* "$folder"/var/lib/apt/lists/*

echo "$hash" >"$installed"
