#!/bin/sh
# Runs the tests of the core module, prints how many of its statements they run
# and every block that none of them runs and tools/coverage/left.txt does not
# name, and fails below 95 %.
set -eu
cd "$(dirname "$0")/.."
export GOWORK=off
profile=$(mktemp)
trap 'rm -f "$profile"' EXIT
packages=$(go list ./... | grep -v -e '/examples/' -e '/adaptertest$' | paste -sd, -)
go test -count=1 -coverpkg="$packages" -coverprofile="$profile" ./... >&2
go -C tools run ./coverage -least 95 "$profile"
