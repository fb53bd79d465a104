#!/usr/bin/env bash
# Installs the Debian packages of the named sections of packages.txt that are missing.
#
# Usage: scripts/setup.sh build test
# When nothing is missing it needs neither network nor root.
set -euo pipefail

cd "$(dirname "$0")/.."

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not Debian; the packages that Strata needs are named in packages.txt" >&2
  exit 0
fi

packages_of() {
  awk -v wanted="$1" '/^# /{inside = ($0 == "# " wanted); next} inside && NF' packages.txt
}

wanted=()
for section in "$@"; do
  found=$(packages_of "$section")
  if [ -z "$found" ]; then
    echo "setup: packages.txt has no section '$section'" >&2
    exit 2
  fi
  mapfile -t -O "${#wanted[@]}" wanted <<<"$found"
done

# A package that dpkg has never heard of is missing too, and makes dpkg-query fail.
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
  grep -qx "installed $package" <<<"$installed" || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

echo "setup: missing: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: there is no sudo here. As root, run:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 -q "$@"
}

apt update
plan=$(apt -s install --no-install-recommends "${missing[@]}")
if grep '^Remv' <<<"$plan" >&2; then
  echo "setup: apt would remove the packages above; nothing was changed" >&2
  exit 1
fi
apt -y install --no-install-recommends "${missing[@]}"
