#!/usr/bin/env bash
# test.sh [--full] [--quick] [--soak MINUTES]
#
# Every check of the project, on a Debian machine with Go: installs what is
# missing (as root), starts a PostgreSQL of its own as a non-root user on a free
# loopback port, looks at the source, builds without CGO, runs all tests on
# both engines, fuzzes every parser for a moment, and leaves no server behind.
#
#   --full   browser tests in full on both engines, more kills, longer fuzzing
#   --quick  no staticcheck and no fuzzing
#   --soak   nothing but kills and server trouble, again and again, for so long
#
# Tests find the mail corpus in ../shared/corpus (or HELPDESKD_CORPUS) and say so
# when it is not there.
set -euo pipefail
cd "$(dirname "$0")"
started=$SECONDS
full= quick= soak= fuzz=3s
while [ $# -gt 0 ]; do
  case $1 in
    --full) full=1 fuzz=30s ;;
    --quick) quick=1 ;;
    --soak) soak=${2:?--soak needs minutes}; shift ;;
    *) sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
. .ci/servers.sh
[ -z "$full" ] || export HELPDESKD_TEST_FULL=1

if [ -n "$soak" ]; then
  export HELPDESKD_TEST_FULL=1
  round=0
  while [ $((SECONDS - started)) -lt $((soak * 60)) ]; do
    round=$((round + 1))
    say "round $round"
    TMPDIR=$work go test -count=1 -timeout 60m -run '^Test(Fault|EveryMail)' ./cmd/helpdeskd
  done
  say "$round rounds passed"
  exit 0
fi

# --- the source ---------------------------------------------------------------
say "gofmt, vet"
files=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0r ls 2>/dev/null || true)
# shellcheck disable=SC2086
unformatted=$(gofmt -l $files)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet ./...
go vet -tags failpoints ./...
if [ -z "$quick" ]; then
  say "staticcheck"
  if command -v staticcheck >/dev/null; then
    staticcheck ./...
  else
    GOFLAGS='' go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
  fi
fi
say "build"
CGO_ENABLED=0 go build -trimpath -o "$work/helpdeskd" ./cmd/helpdeskd
ls -l "$work/helpdeskd" | awk '{printf "helpdeskd: %.1f MB\n", $5 / 1e6}'

# --- the tests ----------------------------------------------------------------
say "go test"
# Those that take longest begin first, so that no core idles at the end; and
# since many mostly wait, more run side by side than two cores seem to bear.
# All is vetted already.
first="./web ./cmd/helpdeskd ./ingest"
# shellcheck disable=SC2046,SC2086
export HELPDESKD_FAULTS=$work/faults.jsonl
TMPDIR=$work go test -vet=off -p 3 -parallel 3 -timeout $([ -n "$full" ] && echo 60m || echo 25m) $first \
  $(go list ./... | grep -vxF "$(go list $first)")
if [ -n "$full" ]; then
  say "the tests in a browser on PostgreSQL"
  HELPDESKD_TEST_ENGINE=postgres TMPDIR=$work go test -vet=off -parallel 3 -timeout 60m ./web
fi
say "what the faults came to (./faults.sh has more, and a longer form)"
go run ./cmd/helpdeskd/faults --print "$HELPDESKD_FAULTS"
if [ -z "$quick" ]; then
  # Built once a package, since building takes longer than fuzzing; two packages side by side.
  say "fuzz every parser for $fuzz"
  # shellcheck disable=SC2086,SC2016
  grep -l '^func Fuzz' /dev/null $files | xargs -n 1 dirname | sort -u |
    fuzz=$fuzz work=$work xargs -n 1 -P 2 sh -c '
      built=$work/fuzz-$(echo "$1" | tr / -).test
      go test -c -fuzz=Fuzz -o "$built" "./$1" || exit 255
      cd "$1" || exit 255
      for target in $(grep -oh "^func Fuzz[A-Za-z0-9_]*" ./*_test.go | cut -d " " -f 2); do
        out=$("$built" -test.run "^\$" -test.fuzz "^$target\$" -test.fuzztime "$fuzz" -test.fuzzcachedir "$work/fuzz" -test.parallel 1 2>&1) || { echo "$1 $target"; echo "$out"; exit 255; }
        echo "$1 $target: $(echo "$out" | grep elapsed | tail -1)"
      done' fuzz
fi
say "all passed"
