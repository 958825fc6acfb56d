#!/usr/bin/env bash
# Installs the tools that the suite compares, each into a Python environment of its own in target/replication-suite. Versions
# are those of the table in docs/replication-suite.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$PWD/target/replication-suite

install() { # NAME PACKAGE...
  local name=$1 wanted="${*:2}"
  [[ $(cat "$folder/$name/.installed" 2>/dev/null) == "$wanted" ]] && return
  python3 -m venv --clear "$folder/$name"
  "$folder/$name/bin/pip" install --quiet --disable-pip-version-check "${@:2}"
  printf '%s' "$wanted" >"$folder/$name/.installed"
}

mkdir -p "$folder"
install dlt 'dlt[sqlalchemy,duckdb]==1.31.0' 'sqlalchemy==2.1.9' 'duckdb==2.0.1'
# The last package that has the program in it; later ones download it when they first run.
install sling 'sling-linux-amd64==1.4.11'
