#!/usr/bin/env bash
# Creates a virtual environment with sqlglot in the given folder, once, and prints the path of its Python.
# It ends with an error where there is no Python 3 with venv, or no package index to install from.
set -euo pipefail

version=30.30.0
folder=$1/sqlglot-$version
python=$folder/bin/python

exec 3>&1 >&2
mkdir -p "$1"
exec 9>"$1/sqlglot.lock"
if command -v flock >/dev/null; then flock 9; fi
if ! [[ -e $folder/ready ]]; then
  rm -rf "$folder"
  python3 -m venv "$folder"
  timeout 120 "$python" -m pip install --quiet --disable-pip-version-check "sqlglot==$version"
  touch "$folder/ready"
fi
printf '%s\n' "$python" >&3
