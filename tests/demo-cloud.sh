#!/usr/bin/env bash
# The main job from Oracle WMS Cloud, played by the mock in tests/wms-cloud: a first load, a day of changes, an incremental
# load, the models. `make demo-cloud` builds what it needs first. No real tenant is called.
set -euo pipefail
cd "$(dirname "$0")/.."

wmshost=target/release/wmshost
export WMSHOST_HOME=.wmshost/demo-cloud
export TARGET_SQLITE=$WMSHOST_HOME/cloud.db
rm -rf "$WMSHOST_HOME"
mkdir -p "$WMSHOST_HOME"

# The mock ends when its standard input does, which is when this script ends.
coproc MOCK { target/release/wmshost-wms-cloud-mock --allocations "${DEMO_ALLOCATIONS:-5000}" --control "$@"; }
control=
while read -r line <&"${MOCK[0]}"; do
  case $line in
    'url: '*) export WMS_CLOUD_URL=${line#*: } ;;
    'environment: '*) export WMS_CLOUD_ENVIRONMENT=${line#*: } ;;
    'token url: '*) export WMS_CLOUD_TOKEN_URL=${line#*: } ;;
    'client: '*) line=${line#client: } && export WMS_CLOUD_CLIENT_ID=${line%%,*} WMS_CLOUD_CLIENT_SECRET=${line##*secret: } ;;
    'control: '*) control=${line#control: http://} ;;
    'runs until'*) break ;;
  esac
done
# The mock is on this machine, and is not a warehouse whose work comes first.
export WMS_CLOUD_ALLOW_PRIVATE=true WMS_CLOUD_RATE=1000

show() { printf '\n$ %s\n' "wmshost $*"; "$wmshost" "$@"; }

# Sends a request without a body to the mock's control address.
post() {
  exec 4<>"/dev/tcp/${control%:*}/${control#*:}"
  printf 'POST %s HTTP/1.1\r\nConnection: close\r\n\r\n' "$1" >&4
  tail -n 1 <&4
  exec 4<&-
}

show check pipelines/wms-cloud.toml --connect
printf '\n# The first run loads everything, entity by entity, page by page.'
show run pipelines/wms-cloud.toml
printf '\n# A day goes by in the warehouse: 1 %% of it changes: '
post '/changes?percent=1'
printf '\n\n# The second run moves what changed.'
show run pipelines/wms-cloud.toml
show state list pipelines/wms-cloud.toml
printf '\nThe target is %s; look into it with any SQLite tool.\n' "$TARGET_SQLITE"
