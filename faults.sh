#!/usr/bin/env bash
# faults.sh [--long] [F7 F18 ...]
#
# Does to a helpdesk what must not hurt it, F1 to F26 or those named, on SQLite
# and on PostgreSQL, and prints what each came to (docs/reliability.md explains
# them). Exit status 0 when nothing was lost, doubled or wrongly acknowledged.
#
#   --long  the faults strike ten times as often: at least 1,000 kills, 10,000
#           mails through a line that breaks, a backlog of 20,000; an hour or two
#
# As root on Debian it installs what is missing, as test.sh does.
set -euo pipefail
cd "$(dirname "$0")"
started=$SECONDS
case ${1:-} in -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
. .ci/servers.sh
say "faults"
export HELPDESKD_FAULTS=$work/faults.jsonl
TMPDIR=$work go run ./cmd/helpdeskd/faults "$@"
