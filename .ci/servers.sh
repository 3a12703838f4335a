# What test.sh and faults.sh share; they source it from the project's folder. It
# installs what is missing (as root), and starts a PostgreSQL of its own as a
# non-root user on a free loopback port. At the end no server is left.
#
# Sets work (a folder that goes at the end), bin (PostgreSQL's programs),
# pg_user, and HELPDESKD_TEST_POSTGRES; defines say.
# shellcheck shell=bash
say() { printf '\n== %s (%ds)\n' "$*" $((SECONDS - started)); }

work=$(mktemp -d /tmp/helpdeskd-test.XXXXXX)
chmod 755 "$work"
pg= policy=
cleanup() {
  code=$?
  set +e
  [ -z "$pg" ] || as_pg "$bin/pg_ctl" -D "$work/pg/data" -m immediate -w stop >/dev/null 2>&1
  # Whatever a test that was cut short has left running works in our folder.
  pgrep -f -- "$work/" | grep -vx $$ | xargs -r kill -9 2>/dev/null
  awk -v d="$work/" 'index($2, d) == 1 { print $2 }' /proc/mounts | xargs -r umount -l
  [ -z "$policy" ] || rm -f /usr/sbin/policy-rc.d
  rm -rf "$work"
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- what must be installed ---------------------------------------------------
pg_bin() { find /usr/lib/postgresql -maxdepth 2 -name bin -type d 2>/dev/null | sort -V | tail -1; }
missing=
[ -n "$(pg_bin)" ] || missing="$missing postgresql"
[ -x /usr/sbin/dovecot ] || missing="$missing dovecot-core"
[ -x /usr/lib/dovecot/imap ] || missing="$missing dovecot-imapd"
command -v chromium >/dev/null || missing="$missing chromium"
command -v strace >/dev/null || missing="$missing strace"
command -v pgrep >/dev/null || missing="$missing procps"
command -v python3 >/dev/null || missing="$missing python3"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
command -v git >/dev/null || missing="$missing git"
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "please install first:$missing" >&2
    exit 1
  fi
  say "installing$missing"
  # Debian starts the servers that it installs: not here.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    policy=1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >/dev/null
  # shellcheck disable=SC2086 # a list of words
  apt-get -qq install -y --no-install-recommends $missing >"$work/apt.log" 2>&1 || { tail -20 "$work/apt.log" >&2; exit 1; }
  [ -z "$policy" ] || { rm -f /usr/sbin/policy-rc.d; policy=; }
fi

# --- a PostgreSQL of our own --------------------------------------------------
bin=$(pg_bin)
if [ "$(id -u)" = 0 ]; then
  pg_user=postgres
  id -u postgres >/dev/null 2>&1 || pg_user=nobody
  as_pg() { setpriv --reuid "$pg_user" --regid "$(id -g "$pg_user")" --clear-groups env HOME="$work/pg" "$@"; }
else
  pg_user=$(id -un)
  as_pg() { "$@"; }
fi
say "PostgreSQL $(basename "$(dirname "$bin")") as $pg_user"
install -d -m 700 -o "$pg_user" "$work/pg"
as_pg "$bin/initdb" -D "$work/pg/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; exit 1; }
# No test pulls the plug, so nothing need reach the disk.
cat >>"$work/pg/data/postgresql.conf" <<C
listen_addresses = '127.0.0.1'
unix_socket_directories = '$work/pg'
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 300
max_wal_size = 2GB
autovacuum_naptime = 10s
C
for _ in 1 2 3 4 5 6 7 8 9 10; do
  port=$((20000 + RANDOM % 12000))
  if as_pg "$bin/pg_ctl" -D "$work/pg/data" -o "-p $port" -l "$work/pg/log" -w start >/dev/null 2>&1; then
    pg=$port
    break
  fi
done
[ -n "$pg" ] || { tail -20 "$work/pg/log" >&2; exit 1; }
export HELPDESKD_TEST_POSTGRES="postgres://postgres@127.0.0.1:$pg/postgres?sslmode=disable"
