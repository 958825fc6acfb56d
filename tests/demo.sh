#!/usr/bin/env bash
# The main job for a new user: a sample warehouse, a full load, a day of changes, an incremental load,
# and a look into the target. `make demo` builds what it needs first.
set -euo pipefail
cd "$(dirname "$0")/.."

wmshost=target/release/wmshost
export WMSHOST_HOME=.wmshost/demo
export WMS_SQLITE=$WMSHOST_HOME/wms.db TARGET_SQLITE=$WMSHOST_HOME/analytics.db
rows=${DEMO_ALLOCATIONS:-100000}

show() { printf '\n$ %s\n' "wmshost $*"; "$wmshost" "$@"; }

rm -rf "$WMSHOST_HOME"
show sample create "$WMS_SQLITE" --allocations "$rows" --seed 1
show check pipelines/dev.toml
printf '\n# The first run loads everything.'
show run pipelines/dev.toml
printf '\n# A day goes by: 1 %% of the warehouse changes.'
show sample change "$WMS_SQLITE" --percent 1 --seed 2
printf '\n# The second run moves what changed.'
show run pipelines/dev.toml
printf '\n# The third has nothing to do.'
show run pipelines/dev.toml
show state list pipelines/dev.toml
show runs list
printf '\nThe target is %s; look into it with any SQLite tool, e.g.\n' "$TARGET_SQLITE"
printf "  sqlite3 %s \"SELECT status_group, data_quality_score, count(*) FROM WMS_ALLOCATION GROUP BY 1, 2\"\n" "$TARGET_SQLITE"
