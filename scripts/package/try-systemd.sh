#!/bin/sh
# Installs a package into a Debian 13 root, boots that under a real systemd (systemd-nspawn) and
# looks at the service as it lives there: start and readiness, its user and folders, the device key,
# restart after a crash and after a hang, an orderly end.
#
#   scripts/package/try-systemd.sh heatpool_0.1.0_amd64.deb [folder for downloads]
#
# Needs root, mmdebstrap, systemd-container, and a kernel that lets it make namespaces and control
# groups. The heat pump is simulated on this machine, from a finished build.
set -eu

deb=$(realpath "$1")
cache=${2:-${TMPDIR:-/tmp}/heatpool-try-install}
here=$(realpath "$(dirname "$0")/../..")
mkdir -p "$cache"
root=$(mktemp -d "$cache/booted.XXXXXX")
work=$(mktemp -d "$cache/work.XXXXXX")
simulator=
machine=
finish() {
  [ -z "$simulator" ] || kill "$simulator" 2>/dev/null || true
  # SIGTERM asks the inner systemd to shut down; it is given half a minute.
  if [ -n "$machine" ]; then
    kill "$machine" 2>/dev/null || true
    tries=0
    while kill -0 "$machine" 2>/dev/null && [ "$tries" -lt 30 ]; do
      tries=$((tries + 1))
      sleep 1
    done
    kill -9 "$machine" 2>/dev/null || true
  fi
  wait 2>/dev/null || true
  rm -rf "$root" "$work"
}
trap finish EXIT
trap 'exit 1' TERM INT

begin() { started=$(date +%s.%N); }
took() {
  awk -v b="$started" -v e="$(date +%s.%N)" -v n="$1" 'BEGIN { printf "%-52s %6.1f s\n", n, e - b }'
}
fail() {
  echo "$1"
  inside journalctl --no-pager --lines 40 --unit heatpool.service 2>/dev/null || tail -n 30 "$work/console"
  exit 1
}
until_true() {
  tries=0
  until eval "$2"; do
    tries=$((tries + 1))
    [ "$tries" -le 180 ] || fail "$1: not within three minutes"
    sleep 1
  done
}

system=$cache/debian-13-systemd.tar
if [ ! -e "$system" ]; then
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep '/debian/*$' | head -n 1)
  mmdebstrap --quiet --format=tar --variant=minbase \
    --include=nodejs,systemd-sysv,dbus,ca-certificates,init-system-helpers trixie "$system.new" \
    "$archive"
  mv "$system.new" "$system"
fi
tar -xf "$system" -C "$root"
cp "$deb" "$root/heatpool.deb"
chroot "$root" dpkg --install /heatpool.deb >/dev/null 2>&1

node "$here/dist/daemon/main.js" profile simulate idm/navigator-2.0 --port 0 >"$work/simulator" &
simulator=$!
until_true "the simulator" 'grep -q "\"port\"" "$work/simulator"'
modbus=$(sed -n 's/.*"port": *\([0-9]*\).*/\1/p' "$work/simulator" | head -n 1)

begin
systemd-nspawn --quiet --directory "$root" --register=no --keep-unit --console=read-only --boot \
  >"$work/console" 2>&1 &
machine=$!
leader() { pgrep -P "$machine" | head -n 1; }
inside() { nsenter --target "$(leader)" --all -- "$@"; }
show() { inside systemctl show --property "$1" --value heatpool.service; }
until_true "systemd" 'inside systemctl is-system-running 2>/dev/null | grep -Eq "running|degraded"'
took "systemd $(inside systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p') boots"
until_true "the unit to wait for its configuration" 'test "$(show ConditionResult)" = no'
echo "without a configuration: $(show ActiveState), condition $(show ConditionResult)"

begin
inside heatpool setup --host 127.0.0.1 --port "$modbus" --profile idm/navigator-2.0 --backend none \
  >"$work/setup" || fail "heatpool setup failed"
took "heatpool setup, which starts the service"
until_true "the service" 'test "$(show ActiveState)/$(show SubState)" = active/running'
pid=$(show MainPID)
echo "active: user $(inside stat -c %U "/proc/$pid"), device key $(inside sh -c 'test -s /etc/credstore.encrypted/heatpool.device-key && echo made')"
inside sh -c 'test -d /var/lib/private/heatpool || test -d /var/lib/heatpool' || fail "no state"
until_true "a poll" 'inside heatpool status --json | grep -Eq "\"polls\": *[1-9]"'
took "  to its first poll"
inside heatpool doctor --language en >"$work/doctor" 2>&1 || true
head -n 12 "$work/doctor"
echo "security, as it runs: $(inside systemd-analyze security --no-pager heatpool.service | tail -n 1)"
# The state's folder is the daemon's own, and nobody else's.
inside sh -c 'stat -L -c "%a %U" /var/lib/heatpool' | grep -q '^700 ' || fail "others may read its state"

# A crash: systemd starts it again.
begin
inside systemctl kill --signal=KILL --kill-whom=main heatpool.service
until_true "a restart after a crash" 'test "$(show NRestarts)" -ge 1 && test "$(show ActiveState)" = active'
took "killed: active again (RestartSec=5)"

# A hang: the watchdog ends it, systemd starts it again.
inside mkdir -p /run/systemd/system/heatpool.service.d
inside sh -c 'printf "[Service]\nWatchdogSec=10\n" >/run/systemd/system/heatpool.service.d/trial.conf'
inside systemctl daemon-reload
inside systemctl restart heatpool.service
until_true "the service" 'test "$(show ActiveState)" = active'
before=$(show MainPID)
# Three times the watchdog's patience: it is fed, or it would have been ended by now.
sleep 30
test "$(show MainPID)" = "$before" || fail "the watchdog is not fed"
echo "alive after three times the watchdog's patience"
begin
inside systemctl kill --signal=STOP --kill-whom=main heatpool.service
until_true "a restart after a hang" 'now=$(show MainPID) && test "$now" != "$before" && test "$now" != 0'
inside journalctl --no-pager --unit heatpool.service | grep -qi watchdog || fail "not the watchdog"
took "stopped: ended by the watchdog (10 s), active again"

until_true "the service" 'test "$(show ActiveState)" = active'
begin
inside systemctl stop heatpool.service
test "$(show Result)" = success || fail "it did not end well: $(show Result)"
took "stop: an orderly end"
inside dpkg --purge heatpool >/dev/null 2>&1
inside sh -c 'test ! -e /var/lib/private/heatpool && test ! -e /var/lib/heatpool' || fail "state is left"
echo "purged: nothing is left"
