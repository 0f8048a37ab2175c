#!/bin/sh
# Installs a package into a clean Debian 13 root as an owner would, reads a simulated heat pump with
# it, and runs the daemon against a backend over gRPC and TLS: with the times of each step.
#
#   scripts/package/try-install.sh heatpool_0.1.0_arm64.deb [folder for downloads]
#
# Needs root and mmdebstrap; for another processor than this machine's also qemu-user-static and
# arch-test. Debian 13 and Raspberry Pi OS of 2025 have the same Node 20.19. The heat pump and the
# backend run on this machine, from a finished build; the root shares its network.
set -eu

deb=$(realpath "$1")
cache=${2:-${TMPDIR:-/tmp}/heatpool-try-install}
here=$(realpath "$(dirname "$0")/../..")
architecture=$(dpkg-deb --field "$deb" Architecture)
mkdir -p "$cache"
root=$(mktemp -d "$cache/root.XXXXXX")
work=$(mktemp -d "$cache/work.XXXXXX")
simulator=
backend=
daemon=
registered=
mounted=
finish() {
  for process in $daemon $simulator $backend; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for name in $registered; do echo -1 >"$binfmt/$name"; done
  [ -z "$mounted" ] || umount --lazy "$root/proc"
  rm -rf "$root" "$work"
}
trap finish EXIT
trap 'exit 1' TERM INT

# The kernel has to know how programs of the other processor are run. What is entered here is taken
# out again at the end.
binfmt=/proc/sys/fs/binfmt_misc
case $(dpkg --print-architecture)/$architecture in
  */arm64) emulator=qemu-aarch64 ;;
  */armhf) emulator=qemu-arm ;;
  *) emulator= ;;
esac
[ "$(dpkg --print-architecture)" != "$architecture" ] || emulator=
if [ -n "$emulator" ]; then
  [ -e "$binfmt/register" ] || mount -t binfmt_misc none "$binfmt"
  if [ ! -e "$binfmt/$emulator" ]; then
    cat "/usr/lib/binfmt.d/$emulator.conf" >"$binfmt/register"
    registered=$emulator
  fi
fi

begin() { started=$(date +%s.%N); }
took() {
  awk -v b="$started" -v e="$(date +%s.%N)" -v n="$1" 'BEGIN { printf "%-44s %6.1f s\n", n, e - b }'
}
fail() {
  echo "$1"
  tail -n 30 "$work"/* "$root"/tmp/out "$root"/tmp/err 2>/dev/null || true
  exit 1
}
inside() { chroot "$root" "$@"; }
timed() {
  name=$1
  shift
  begin
  "$@" >"$root/tmp/out" 2>"$root/tmp/err" || fail "$name failed"
  took "$name"
}
# Tries a condition for as long as an emulated processor under load may take.
until_true() {
  tries=0
  until eval "$2"; do
    tries=$((tries + 1))
    [ "$tries" -le 900 ] || fail "$1: not within a quarter of an hour"
    sleep 1
  done
}

# A clean system with Node: what a Raspberry Pi already has.
system=$cache/debian-13-$architecture.tar
if [ ! -e "$system" ]; then
  begin
  # The archive that this machine has its own packages from, without its updates.
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep '/debian/*$' | head -n 1)
  mmdebstrap --quiet --format=tar --variant=minbase --architectures="$architecture" \
    --include=nodejs,systemd,ca-certificates,init-system-helpers trixie "$system.new" "$archive"
  mv "$system.new" "$system"
  took "a Debian 13 root, once"
fi
tar -xf "$system" -C "$root" --exclude=./dev
mkdir -p "$root/dev" "$root/proc"
: >"$root/dev/null"
mount -t proc proc "$root/proc"
mounted=yes
cp "$deb" "$root/heatpool.deb"
echo "architecture $architecture, Debian $(inside cat /etc/debian_version), Node $(inside node --version), load $(cut -d' ' -f1 /proc/loadavg)"

# 1: the owner's first command.
timed "dpkg --install heatpool.deb" inside dpkg --install /heatpool.deb
echo "installed: $(inside dpkg-deb --field /heatpool.deb Installed-Size) KiB"
timed "node, doing nothing" inside node -e 0
timed "heatpool --version" inside heatpool --version

# The heat pump and the backend; not the owner's doing.
node "$here/dist/daemon/main.js" profile simulate idm/navigator-2.0 --port 0 >"$work/simulator" &
simulator=$!
until_true "the simulator" 'grep -q "\"port\"" "$work/simulator"'
modbus=$(sed -n 's/.*"port": *\([0-9]*\).*/\1/p' "$work/simulator" | head -n 1)
cat >"$work/backend.yaml" <<CONFIG
stateDir: $work/state
runtimeDir: $work/run
main: { host: 127.0.0.1, port: 0, socketsPerPrefix: 0 }
admin: { port: 0 }
enrol: { port: 0 }
enrolment: { claimTokens: off }
CONFIG
node "$here/dist/backend/main.js" ca init --config "$work/backend.yaml" --host 127.0.0.1 >/dev/null
node "$here/dist/backend/main.js" serve --config "$work/backend.yaml" >"$work/backend" 2>&1 &
backend=$!
until_true "the backend" 'grep -qs "backend.listening" "$work/backend"'
port_of() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$work/backend" | head -n 1; }

# 2: everything else, without a question: nothing is shared.
timed "heatpool setup" inside heatpool setup --host 127.0.0.1 --port "$modbus" \
  --profile idm/navigator-2.0 --backend none --no-service
grep '°C' "$root/tmp/out" | head -n 5
test "$(grep -c '°C' "$root/tmp/out")" -ge 5

# 3: once more, by itself.
timed "heatpool read --json" inside heatpool read --json
test "$(grep -o '"metric"' "$root/tmp/out" | wc -l)" -ge 10

# 4: a backend, consent, and the daemon as its unit starts it.
mkdir -p "$root/run/heatpool"
cp "$work/state/tls/ca.crt" "$root/etc/heatpool/backend-ca.pem"
cat >>"$root/etc/heatpool/heatpool.yaml" <<CONFIG
backend:
  url: 127.0.0.1:$(port_of mainPort)
  enrolUrl: 127.0.0.1:$(port_of enrolPort)
  caFile: /etc/heatpool/backend-ca.pem
backlog: { commitIntervalSeconds: 1 }
uplink: { intervalSeconds: 10 }
keys: { secretFile: /etc/heatpool/key-secret }
CONFIG
timed "heatpool consent grant" inside heatpool consent grant --yes
timed "heatpool enrol" inside heatpool enrol
flags=$(sed -n 's|^ExecStart=/usr/bin/node \(.*\) /usr/lib.*|\1|p' "$root/usr/lib/systemd/system/heatpool.service")
begin
# shellcheck disable=SC2086 # several flags
UV_THREADPOOL_SIZE=2 MALLOC_ARENA_MAX=2 chroot "$root" /usr/bin/node $flags \
  /usr/lib/heatpool/dist/daemon/main.js run >"$work/daemon" 2>&1 &
daemon=$!
until_true "the first poll" 'grep -qs "device.online" "$work/daemon"'
took "heatpool run: to the first poll"
page=http://127.0.0.1:8480
until_true "the page" 'curl -sf "$page/" >"$work/page"'
grep -q 'page.js' "$work/page" || fail "the page is none"
curl -sf "$page/page.js" >"$work/script" && test "$(wc -c <"$work/script")" -gt 50000 ||
  fail "the page has no script"
rm "$work/script"
curl -sf "$page/api/v1/now" | grep -q temp_ || fail "the page has no values"
took "  to the page with its script"
until_true "the backlog" 'curl -sf "$page/api/v1/status" | grep -Eq "\"admitted\": *[1-9]"'
took "  to the backend's ack of a first batch"
curl -sf "$page/metrics" | grep -E '^heatpool_(backlog|polls|uplink)[a-z_]*(\{| )' | head -n 5 || true
# Emulated, it holds the emulator and its translated code as well.
awk '/^VmRSS/ { printf "memory with page, history and stream: %.0f MB\n", $2 / 1000 }' "/proc/$daemon/status"
inside heatpool status >"$root/tmp/out"
head -n 8 "$root/tmp/out"

# A backend that is away: what is read waits on the disk, and goes when it is back.
kill "$backend" && wait "$backend" || true
until_true "a batch that waits" 'inside heatpool backlog show --json | grep -Eq "\"batches\": *[1-9]"'
echo "the backend is away: a batch waits"
sed -i "s/port: 0, socketsPerPrefix/port: $(port_of mainPort), socketsPerPrefix/" "$work/backend.yaml"
node "$here/dist/backend/main.js" serve --config "$work/backend.yaml" >"$work/backend.again" 2>&1 &
backend=$!
begin
until_true "the backlog to drain" 'inside heatpool backlog show --json | grep -Eq "\"batches\": *0"'
took "the backend is back: to an empty backlog"
inside heatpool backlog show --json >"$root/tmp/out"
grep -Eq '"unaccounted": *0' "$root/tmp/out" || fail "snapshots are unaccounted for"
begin
kill "$daemon" && wait "$daemon" || fail "the daemon did not end well"
daemon=
took "heatpool run: to its end"
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
