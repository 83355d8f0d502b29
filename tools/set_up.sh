#!/usr/bin/env bash
# All set-up of a fresh Debian 12 or 13, as root or with sudo. Done twice, the second takes seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m[set-up]\033[0m %s\n' "$*"; }
fail() { printf '\033[31m[set-up] %s\033[0m\n' "$*" >&2; exit 1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
[ "$(id -u)" = 0 ] || command -v sudo > /dev/null || fail "run this as root, or install sudo"
[ -f /etc/debian_version ] || fail "this set-up knows Debian 12 and 13"

mkdir -p var/log

# ---- Debian packages: what builds Asterisk's own file system, a test database, a browser ----
packages=(mmdebstrap postgresql chromium fonts-noto-cjk python3-venv sip-tester faketime iproute2 nftables)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  say "Debian packages: ${missing[*]} (1-3 minutes)"
  { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends "${missing[@]}"; } > var/log/apt.log 2>&1 \
    || { tail -5 var/log/apt.log >&2; fail "apt-get failed, see var/log/apt.log"; }
fi

# ---- Python packages, locked with hashes ----
wanted=$(sha256sum requirements/dev.txt | cut -d' ' -f1)
if [ "$(cat .venv/.locked 2> /dev/null || true)" != "$wanted" ]; then
  say "Python packages from requirements/dev.txt (1-3 minutes)"
  python=$(command -v python3)
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
  [ -x .venv/bin/python ] || "$python" -m venv .venv > var/log/venv.log 2>&1 \
    || { tail -5 var/log/venv.log >&2; fail "no virtual environment could be made"; }
  .venv/bin/python -m pip --version > /dev/null 2>&1 || .venv/bin/python -m ensurepip > var/log/venv.log 2>&1
  .venv/bin/python -m pip install -q --require-hashes -r requirements/dev.txt > var/log/pip.log 2>&1 \
    || { tail -5 var/log/pip.log >&2; fail "pip failed, see var/log/pip.log"; }
  echo "$wanted" > .venv/.locked
fi

# ---- Our own code, compiled once and not by each process (some machines forbid Python to keep it) ----
.venv/bin/python -m compileall -q store telephony recording transcription casework api hotline simulator \
  || say "our own code could not be compiled beforehand; every process will do it for itself"

# ---- Asterisk, speech model ----
as_root bin/hotline setup
