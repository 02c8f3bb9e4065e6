#!/usr/bin/env bash
# Makes a small Debian in a folder, with the network settings of this machine. Usage, as root: debootstrap.sh FOLDER SUITE PACKAGES
set -euo pipefail

folder=$1 suite=$2 packages=$3

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 'Component: main' | sort -u | head -n 1)
debootstrap --variant=minbase --include="$packages" "$suite" "$folder" "${mirror:-http://deb.debian.org/debian}"
rm "$folder"/var/cache/apt/archives/*.deb
rm --recursive --force "$folder"/var/lib/apt/lists/*

# The network is the machine's: its names and certificates.
cp --dereference /etc/resolv.conf /etc/hosts "$folder/etc/"
certificates=/etc/ssl/certs/ca-certificates.crt
if [ -e "$certificates" ]; then cp --dereference "$certificates" "$folder$certificates"; fi
