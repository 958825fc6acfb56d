#!/usr/bin/env bash
# Makes the release archive target/dist/wmshost-VERSION-TRIPLE.tar.gz, with the checksums of its files in it and its own
# beside it. The plugins in it are the same bytes wherever and by whomever they are built with the same toolchain: no path of
# the machine is in them.
#
#   packaging/dist.sh [CARGO ARGUMENT]      the argument that builds plugins, as plugins/.toolchain has it
set -euo pipefail
cd "$(dirname "$0")/.."
toolchain=${1-}
out=$PWD/target/dist
mkdir -p "$out"

# A path of its own dependencies is the only one that a plugin would have: that of cargo's registry.
registry=${CARGO_HOME:-$HOME/.cargo}
export CARGO_ENCODED_RUSTFLAGS="--remap-path-prefix=$registry=/cargo"
# shellcheck disable=SC2086  # no argument where there is no toolchain
(cd plugins && cargo $toolchain build --release --target wasm32-wasip2 --target-dir "$out/plugins" --workspace --exclude 'hostile-*')
unset CARGO_ENCODED_RUSTFLAGS

version=$(target/release/wmshost -V | cut -d ' ' -f 2)
name=wmshost-$version-$(rustc -vV | sed -n 's/^host: //p')
rm -rf "${out:?}/$name"
strip -o "$out/wmshost" target/release/wmshost
packaging/install.sh "$out/wmshost" "$out/plugins/wasm32-wasip2/release" "$out/$name"
(cd "$out/$name" && find . -type f ! -name SHA256SUMS -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)

# The same files make the same archive: in order, without owners, of the time of the last commit.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
tar -C "$out" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -n >"$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
ln -sfn "$name" "$out/tree"          # a name without a version, for the Debian package
printf '%s\n' "$out/$name.tar.gz"
