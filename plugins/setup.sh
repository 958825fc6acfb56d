#!/usr/bin/env bash
# Makes plugins (wasm32-wasip2 guests) buildable on this machine, and says how to build them.
#
#   plugins/setup.sh [--with-wasip1] [--second]
#       --with-wasip1   also installs the target that cargo-component needs
#       --second        set up Debian's packages also where plain cargo builds guests, for tests with both; leaves .toolchain alone
#   WMSHOST_GUESTS=debian                 use Debian's packages, whatever rustup has
#
# On stdout, and into plugins/.toolchain: one line, the toolchain argument for cargo. It is empty when plain `cargo` builds guests,
# otherwise `+guests`; a Makefile has  CARGO_GUEST := cargo $(shell plugins/setup.sh).  Progress goes to stderr, all other output to a log.
#
# On most machines `rustup target add` is enough. Where that download is not reachable, Debian 12 packages are used: their
# rustc, the source of its std, a C library and a linker. Std is built once from them, and /usr becomes the rustup toolchain
# `guests`; the default toolchain stays as it is. Without rustup, Debian's cargo is plain `cargo`. Safe to run again at any time,
# also after an interruption.
# shellcheck disable=SC2317  # many functions are run by name, through `step` and `trap`
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages=(rustc-web libstd-rust-web-dev rust-web-src cargo-web wasi-libc lld-22)
targets=(wasm32-wasip2)
root=()                                   # precedes every command that writes under /usr

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: error: %s\n' "$1" >&2; shift; printf '       %s\n' "$@" >&2; exit 1; }
logged() { printf '\n$ %s\n' "$*" >>"$log"; "$@" </dev/null >>"$log" 2>&1; }

# Runs a command as one named step and prints its duration.
step() {
  local name=$1 begin=$SECONDS
  shift
  printf 'setup: %s ... ' "$name" >&2
  logged "$@" || { printf 'failed, %d s\n' $((SECONDS - begin)) >&2; return 1; }
  printf '%d s\n' $((SECONDS - begin)) >&2
}

finish() {
  [[ -n $second ]] || printf '%s\n' "$1" >"$here/.toolchain"
  printf '%s\n' "$1"
  exit 0
}

clean_up() {
  local code=$?
  rm -rf "$work"
  if ((code == 0)); then rm -f "$log"; else say "stopped (exit $code); the full output is in $log"; fi
}

is_component() { [[ $(od -An -tx1 -N8 "$1") == " 00 61 73 6d 0d 00 01 00" ]]; }
has_std() { compgen -G "$1/lib/rustlib/$2/lib/libstd-*.rlib" >/dev/null; }

plain_cargo_builds() {
  local sysroot target
  sysroot=$(cd "$here" && rustc --print sysroot 2>>"$log") || return 1
  for target in "${targets[@]}"; do has_std "$sysroot" "$target" || return 1; done
}

add_targets() (
  bounded=(timeout 120)
  command -v timeout >/dev/null || bounded=(env)
  cd "$here" && "${bounded[@]}" rustup -q target add "${targets[@]}"
)

# Makes $1 a cdylib crate with source $2, outside the workspace: for building std, and for testing a toolchain.
scratch_crate() {
  rm -rf "$1" && mkdir -p "$1/src"
  printf '%s\n' '[package]' 'name = "scratch"' 'version = "0.0.0"' 'edition = "2021"' '[lib]' 'crate-type = ["cdylib"]' >"$1/Cargo.toml"
  printf '%s\n' "$2" >"$1/src/lib.rs"
}

# The toolchain `guests` works when it links a guest that formats text, with and without LTO, and the result is a component.
guests_builds() {
  local target lto
  for target in "${targets[@]}"; do
    has_std /usr "$target" || return 1
    scratch_crate "$work/check" '#[no_mangle] pub extern "C" fn digits(n: u32) -> usize { format!("{n}").len() }'
    for lto in off fat; do
      (cd "$work/check" && logged env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS CARGO_PROFILE_RELEASE_LTO="$lto" \
        CARGO_TARGET_DIR="$work/check" "${guests[@]}" build --offline --release --target "$target") || return 1
    done
    [[ $target != wasm32-wasip2 ]] || is_component "$work/check/$target/release/scratch.wasm" || return 1
  done
}

# Another apt may hold the lock, most often for seconds: try for about three minutes. Nothing of the machine's own is removed.
apt_get() {
  local try
  for try in {1..36}; do
    "${root[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qy --no-remove -o DPkg::Lock::Timeout=180 "$@" && return
    tail -n 3 "$log" | grep -q 'Could not get lock' || return 1
    echo "attempt $try: another apt is at work"
    sleep 5
  done
  return 1
}

# Links wasm-component-ld, which is not packaged, into the folder $1: every rustup toolchain has it, and cargo can build it.
link_component_ld() {
  local home toolchain
  if [[ -n $rustup ]]; then
    home=$(rustup show home) || return 1
    for toolchain in "$(cd "$here" && rustc --print sysroot)" "$home"/toolchains/*; do
      if [[ -x $toolchain/$1/wasm-component-ld && ! $toolchain -ef /usr ]]; then
        "${root[@]}" ln -sfn "$toolchain/$1/wasm-component-ld" "/usr/$1/wasm-component-ld"
        return
      fi
    done
    echo "no rustup toolchain has $1/wasm-component-ld"
    return 1
  fi
  /usr/bin/cargo install --quiet --locked --root "$work/tools" wasm-component-ld &&
    "${root[@]}" install -m 755 "$work/tools/bin/wasm-component-ld" "/usr/$1/wasm-component-ld"
}

# rustc looks for its linkers in its own tools folder.
link_linkers() {
  local host tools
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p') || return 1
  tools=lib/rustlib/$host/bin
  "${root[@]}" mkdir -p "/usr/$tools" &&
    link_component_ld "$tools" &&
    "${root[@]}" ln -sfn /usr/bin/wasm-ld-22 "/usr/$tools/wasm-ld" &&
    "${root[@]}" ln -sfn /usr/bin/lld-22 "/usr/$tools/rust-lld"      # the name under which wasip1 asks for it
}

# Builds std for a target and puts it where rustc looks. With bitcode, without which a guest with `lto = true` does not link.
build_std() (
  target=$1 libc=/usr/lib/wasm32-wasi into=/usr/lib/rustlib/$1/lib
  scratch_crate "$work/std" '' && cd "$work/std" || exit 1
  env -u CARGO_ENCODED_RUSTFLAGS RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-L$libc -Cembed-bitcode=yes" \
    CARGO_TARGET_DIR="$work/std" /usr/bin/cargo build -Z build-std=std,panic_abort --release --target "$target" || exit 1
  "${root[@]}" rm -rf "$into" && "${root[@]}" mkdir -p "$into/self-contained" &&
    find "$work/std/$target" -name '*.rlib' -exec "${root[@]}" install -m 644 -t "$into" {} + &&
    "${root[@]}" install -m 644 -t "$into/self-contained" "$libc"/{crt1-command.o,crt1-reactor.o,libc.a}
)

second=
for argument in "$@"; do
  case $argument in
    --with-wasip1) targets+=(wasm32-wasip1) ;;
    --second) second=yes ;;
    *) die "unknown argument: $argument" "usage: plugins/setup.sh [--with-wasip1] [--second]" ;;
  esac
done
[[ ${WMSHOST_GUESTS-} == debian || -n $second ]] && debian=yes || debian=
rustup=$(command -v rustup || true)
work=$(mktemp -d "${TMPDIR:-/tmp}/wmshost-setup.XXXXXX") log=$work.log
: >"$log"
trap clean_up EXIT
trap 'exit 130' INT TERM

if [[ -z $debian ]] && plain_cargo_builds; then say "plain cargo builds ${targets[*]}, nothing to do"; finish ''; fi
if [[ -n $rustup ]]; then
  guests=(cargo +guests) toolchain=+guests
else
  guests=(/usr/bin/cargo) toolchain=
  [[ $(command -v cargo || echo /usr/bin/cargo) -ef /usr/bin/cargo ]] ||
    die "no rustup on PATH, and rustc cannot build ${targets[*]}" "Install rustup, then run this again."
fi
if guests_builds; then say "${guests[*]} builds ${targets[*]}, nothing to do"; finish "$toolchain"; fi
if [[ -z $debian && -n $rustup ]] && step "rustup target add ${targets[*]} (at most 120 s)" add_targets && plain_cargo_builds; then
  finish ''
fi

command -v apt-get >/dev/null || die "there is no download of ${targets[*]} by rustup, and without apt-get there is no other way" \
  "Run 'rustup target add ${targets[*]}' where its download is reachable, then run this again."
if ((EUID != 0)); then
  command -v sudo >/dev/null || die "cannot install packages: neither root nor sudo" "Run this once as root, or install: ${packages[*]}"
  root=(sudo)
fi
[[ -n $debian ]] || say "rustup has no download for the target here"
say "using Debian's packages (about two minutes in all)"
step "apt-get update (seconds)" apt_get update || say "going on with the package lists that are here"
step "install ${packages[*]} (about 150 MB)" apt_get install --no-install-recommends "${packages[@]}" ||
  die "apt-get could not install the packages" "They are those of Debian 12 and its security updates; the log says why."
step "link the linkers" link_linkers || die "cannot link wasm-component-ld" "Install Rust 1.82 or newer with rustup, then run this again."
for target in "${targets[@]}"; do
  step "build std for $target (about a minute)" build_std "$target" || die "cannot build std for $target" "The reason is in the log."
done
[[ -z $rustup ]] || step "rustup toolchain link guests" rustup toolchain link guests /usr ||
  die "rustup could not link the toolchain 'guests'" "See the log."
guests_builds || die "${guests[*]} is set up, but does not build a guest" "The reason is in the log."
say "${guests[*]} builds ${targets[*]}"
finish "$toolchain"
