#!/usr/bin/env bash
# Installs what the Oracle emulator needs and this machine lacks: PostgreSQL 15, orafce, and in folders of their own the
# reference clients: python-oracledb, SQLAlchemy, node-oracledb where Node.js is installed, and adbc-driver-oracle for the
# long tests (WMSHOST_TEST_LONG), because of its size, as are dbt-oracle and tap-oracle. Does nothing, quickly, if all are
# installed. Safe to run again at any time.
#
#   tests/oracle-emulator/setup.sh      on stdout: the Python that has python-oracledb. Progress goes to stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

binaries=/usr/lib/postgresql/15/bin
orafce=/usr/share/postgresql/15/extension/orafce.control
venv=target/oracle-emulator-python
node=target/oracle-emulator-node

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

if ! "$venv/bin/python" -c 'import oracledb, sqlalchemy' 2>/dev/null; then
  say "installing python-oracledb and SQLAlchemy into $venv"
  python3 -m venv "$venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'oracledb==26.1.0' 'sqlalchemy==2.1.9' >&2
fi
if [ -n "${WMSHOST_TEST_LONG:-}" ] && ! "$venv/bin/python" -c 'import adbc_driver_oracle, pyarrow' 2>/dev/null; then
  say "installing adbc-driver-oracle into $venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'adbc-driver-oracle==1.0.1' \
    'adbc-driver-manager==1.13.0' 'pyarrow==26.0.1' >&2
fi

# tool NAME PACKAGES…: installs packages into a folder of their own, as their versions do not go together.
tool() {
  local folder=target/oracle-emulator-$1
  shift
  [ ! -e "$folder/installed" ] || return 0
  say "installing $* into $folder"
  python3 -m venv "$folder" >&2
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
  touch "$folder/installed"
}
if [ -n "${WMSHOST_TEST_LONG:-}" ]; then
  tool dbt 'dbt-core==1.10.23' 'dbt-oracle==1.10.0'
  # The tap asks for cx_Oracle, which needs Oracle's own libraries; python-oracledb takes its place.
  tool singer_tap 'singer-python==6.1.0' 'strict-rfc3339==0.7' 'oracledb==3.4.1'
  tap=target/oracle-emulator-singer_tap/bin
  [ -e $tap/tap-oracle ] || $tap/python -m pip install --quiet --disable-pip-version-check --no-deps 'tap-oracle==1.3.0' >&2
fi
if command -v npm >/dev/null && [ ! -e "$node/node_modules/oracledb" ]; then
  say "installing node-oracledb into $node"
  npm install --silent --no-audit --no-fund --prefix "$node" oracledb@6.10.0 >&2 || say 'node-oracledb cannot be installed; its test is left out'
fi
printf '%s\n' "$PWD/$venv/bin/python"
