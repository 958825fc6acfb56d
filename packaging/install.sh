#!/usr/bin/env bash
# Installs a built program with everything that it uses at run time and everything that a person looks for.
#
#   packaging/install.sh PROGRAM PLUGINS PREFIX
#       PROGRAM   the program, as target/release/wmshost
#       PLUGINS   the folder in which cargo put the components
#       PREFIX    the folder to install into, with DESTDIR before it where a package is made
#
#   bin/wmshost                       the program
#   lib/wmshost/plugins/NAME.wasm     the standard plugins, where the program looks for them
#   lib/wmshost/hostile/              the guests of `wmshost doctor --sandbox`
#   share/wmshost/pipelines/          the pipelines of the warehouse
#   share/man/man1/                   a manual page of each command
#   share/bash-completion, share/zsh, share/fish
#   lib/systemd/system/               units for `wmshost serve`, and for timers
#   share/doc/wmshost/                what changed, and the licences
set -euo pipefail
program=$1 plugins=$2 prefix=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

install -d "$prefix"/{bin,lib/wmshost/plugins,lib/wmshost/hostile,lib/systemd/system,share/wmshost/pipelines,share/man/man1,share/doc/wmshost}
install -d "$prefix"/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}

# Another program of the same name that runs now keeps its own file.
install -m 755 "$program" "$prefix/bin/.wmshost.new" && mv "$prefix/bin/.wmshost.new" "$prefix/bin/wmshost"

# wmshost_extractor_wms_tables.wasm is the plugin wms-tables.
for file in "$plugins"/wmshost_*.wasm; do
  name=$(basename "$file" .wasm)
  name=${name#wmshost_}
  name=${name#*_}
  install -m 644 "$file" "$prefix/lib/wmshost/plugins/${name//_/-}.wasm"
done

# The guests of `wmshost doctor --sandbox`, where no pipeline finds them by name.
for file in "$plugins"/hostile_{extractor,transform,loader}.wasm; do
  install -m 644 "$file" "$prefix/lib/wmshost/hostile/"
done

install -m 644 "$root"/pipelines/*.toml "$prefix/share/wmshost/pipelines/"
install -m 644 "$root"/packaging/systemd/* "$prefix/lib/systemd/system/"
cp -R "$root/pipelines/sql-project" "$prefix/share/wmshost/pipelines/"
install -m 644 "$root"/{CHANGELOG.md,LICENSE-APACHE,LICENSE-MIT} "$prefix/share/doc/wmshost/"
"$prefix/bin/wmshost" man --to "$prefix/share/man/man1"
"$prefix/bin/wmshost" completions bash >"$prefix/share/bash-completion/completions/wmshost"
"$prefix/bin/wmshost" completions zsh >"$prefix/share/zsh/site-functions/_wmshost"
"$prefix/bin/wmshost" completions fish >"$prefix/share/fish/vendor_completions.d/wmshost.fish"
