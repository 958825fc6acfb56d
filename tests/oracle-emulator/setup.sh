#!/usr/bin/env bash
# Installs what the Oracle emulator needs and this machine lacks: PostgreSQL 15, orafce, and python-oracledb in a
# folder of its own as a reference client. Does nothing, quickly, if all are installed. Safe to run again at any time.
#
#   tests/oracle-emulator/setup.sh      on stdout: the Python that has python-oracledb. Progress goes to stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

binaries=/usr/lib/postgresql/15/bin
orafce=/usr/share/postgresql/15/extension/orafce.control
venv=target/oracle-emulator-python

say() { printf 'setup: %s\n' "$*" >&2; }

root=()
[ "$(id -u)" = 0 ] || root=(sudo)

packages=()
[ -x "$binaries/postgres" ] || packages+=(postgresql-15)
[ -e "$orafce" ] || packages+=(postgresql-15-orafce)
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
if [ ${#packages[@]} -gt 0 ]; then
  say "installing ${packages[*]}"
  "${root[@]}" apt-get update -qq >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2
fi

if ! "$venv/bin/python" -c 'import oracledb' 2>/dev/null; then
  say "installing python-oracledb into $venv"
  python3 -m venv "$venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'oracledb==26.1.0' >&2
fi
printf '%s\n' "$PWD/$venv/bin/python"
