#!/usr/bin/env bash
# Builds two MicroPythons of 32 bits, FOLDER/esp8266 with the options of its ESP8266 port and FOLDER/plain, from Debian's source.
# They are static: any Linux for x86-64 runs them. Usage, as root: install.sh FOLDER
set -euo pipefail

DEBIAN=trixie # MicroPython 1.25
PACKAGES=ca-certificates,dpkg-dev,gcc,gcc-multilib,libc6-dev,libc6-dev-i386,make,pkgconf,python3

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
folder=$(realpath --canonicalize-missing "$1")
root=$folder/debian

rm --recursive --force --one-file-system "$folder"
mkdir --parents "$folder"
trap 'rm --recursive --force --one-file-system "$root"' EXIT

# What it mounts ends with it, however that ends.
unshare --mount "$here/../debootstrap.sh" "$root" "$DEBIAN" "$PACKAGES"
sed 's/^deb /deb-src /' "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/source.list"
cp --recursive "$here" "$root/opt/variants"

chroot "$root" env LANG=C.UTF-8 bash -euo pipefail -s "$(nproc)" <<'INSIDE'
cd /opt
apt-get update
apt-get source --only-source micropython # a patched source in a folder of its own
cd micropython-*/
mkdir --parents lib/axtls/crypto
cp /opt/variants/crypto.h lib/axtls/crypto/
cp /opt/variants/hashes.h ports/unix/variants/
echo 'include("$(MPY_DIR)/extmod/asyncio")' >/opt/manifest.py # as boards have it; tests bring all other modules
without=(MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 MICROPY_PY_SSL=0 MICROPY_SSL_MBEDTLS=0 MICROPY_PY_THREAD=0)
make --jobs="$1" -C mpy-cross
for variant in esp8266 plain; do
  cp --recursive "/opt/variants/$variant" ports/unix/variants/
  cp /opt/variants/interrupt.c "ports/unix/variants/$variant/"
  # Floats as on a chip: the 387's have more bits than a board's.
  make --jobs="$1" -C ports/unix VARIANT="$variant" FROZEN_MANIFEST=/opt/manifest.py MICROPY_FORCE_32BIT=1 "${without[@]}" \
    CFLAGS_EXTRA='-msse2 -mfpmath=sse' LDFLAGS_EXTRA=-static
done
INSIDE

for variant in esp8266 plain; do
  mkdir "$folder/$variant"
  cp "$root"/opt/micropython-*/ports/unix/build-"$variant"/micropython "$folder/$variant/"
done
