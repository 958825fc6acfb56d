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

# Cargo orders code by the paths of crates in their workspace, and by absolute ones where a crate is outside of it, as wit/rules
# is outside of plugins/: here both are in one. The path of cargo's registry is the only one that would be in a plugin.
sources=$out/sources
rm -rf "$sources" && mkdir -p "$sources"
tar --exclude=plugins/target -cf - plugins wit rust-toolchain.toml | tar -C "$sources" -xf -
sed -E -e '/^(default-)?members/s#"([a-z])#"plugins/\1#g' -e '/^members/s#\[#["wit/rules", #' \
  -e 's#path = "\.\./wit/rules"#path = "wit/rules"#' -e 's#path = "(sdk[^"]*)"#path = "plugins/\1"#' \
  plugins/Cargo.toml >"$sources/Cargo.toml"
mv "$sources/plugins/Cargo.lock" "$sources/" && rm "$sources/plugins/Cargo.toml"
registry=${CARGO_HOME:-$HOME/.cargo}
plugins=()
for manifest in "$sources"/plugins/{extractors,transforms,loaders,models}/*/Cargo.toml "$sources"/plugins/hostile/stages/{extractor,transform,loader}/Cargo.toml; do
  plugins+=(-p "$(sed -n 's/^name = "\(.*\)"/\1/p' "$manifest" | head -n 1)")
done
# shellcheck disable=SC2086  # no argument where there is no toolchain
(cd "$sources" && CARGO_ENCODED_RUSTFLAGS="--remap-path-prefix=$registry=/cargo" \
  cargo $toolchain build --release --target wasm32-wasip2 --target-dir "$out/plugins" "${plugins[@]}")

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
