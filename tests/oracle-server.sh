#!/usr/bin/env bash
# Runs on a real Oracle server what is otherwise tested on the emulator, and writes a report without any data: versions, and
# which step held. Needs WMSHOST_ORACLE_DSN (a connect descriptor), WMSHOST_ORACLE_USER and WMSHOST_ORACLE_PASSWORD of a user
# with a schema of its own, with CREATE SESSION, CREATE TABLE, CREATE VIEW and a quota.
#
#   tests/oracle-server.sh [REPORT]      the report; default: target/oracle-report.txt
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

report=${1:-target/oracle-report.txt}
program=$PWD/target/release/wmshost
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WMSHOST_HOME=$work/home
failed=0

cat > "$work/pipeline.toml" <<EOF
extends = "$PWD/pipelines/base.toml"

[connections.wms]
driver = "oracle"
client = { env = "WMSHOST_ORACLE_CLIENT", default = "thin" }
descriptor = { env = "WMSHOST_ORACLE_DSN" }
username = { env = "WMSHOST_ORACLE_USER" }
password = { env = "WMSHOST_ORACLE_PASSWORD" }

[connections.analytics]
driver = "oracle"
client = { env = "WMSHOST_ORACLE_CLIENT", default = "thin" }
descriptor = { env = "WMSHOST_ORACLE_DSN" }
username = { env = "WMSHOST_ORACLE_USER" }
password = { env = "WMSHOST_ORACLE_PASSWORD" }
EOF

features=()
if [ "${WMSHOST_ORACLE_CLIENT:-thin}" = oci ]; then
  features=(--features oci)
  cargo build --release --quiet -p wmshost --features oci || exit 2
fi

say() { printf '%s\n' "$*" | tee -a "$report"; }

# step NAME WHAT-IT-NEEDS COMMAND…: runs a step; the report has its name, its result and its seconds, no output.
step() {
  local name=$1 needs=$2 begun=$SECONDS
  shift 2
  if "$@" > "$work/output" 2>&1; then
    say "held    $name ($((SECONDS - begun)) s)"
  else
    failed=1
    say "FAILED  $name ($((SECONDS - begun)) s; needs $needs)"
    sed 's/^/        | /' "$work/output" >&2
  fi
}

mkdir -p "$(dirname "$report")"
: > "$report"
say "wmshost on a real Oracle server, $(date -u +%Y-%m-%d)"
say "program $("$program" --version), client ${WMSHOST_ORACLE_CLIENT:-thin}"
"$program" check "$work/pipeline.toml" --connect --output json > "$work/check.json" 2>/dev/null
say "server  $(grep -oE '"(version|charset|national_charset)": *"[^"]*"' "$work/check.json" | sort -u | tr '\n' ' ')"

step "conformance of the driver" "CREATE TABLE" \
  cargo test --release --quiet -p wmshost-databases "${features[@]}" --test conformance
step "sample" "CREATE TABLE, a quota, and no table allocation, order_hdr, order_dtl, item_master or location" \
  "$program" sample create "$work/pipeline.toml" --to wms --allocations "${WMSHOST_ORACLE_ALLOCATIONS:-5000}"
step "check" "the rights that it names" "$program" check "$work/pipeline.toml" --connect
step "first run with models" "Oracle 18c for models" "$program" run "$work/pipeline.toml"
step "second run" "the first one" "$program" run "$work/pipeline.toml"
step "source and target are equal" "the first run" "$program" verify "$work/pipeline.toml"
step "tests of the models" "the first run" "$program" models test "$work/pipeline.toml"
say "the tables that this made stay: drop the schema, or its tables, before the next time"
exit "$failed"
