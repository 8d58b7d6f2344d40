#!/bin/sh
# Runs every fuzz target of every module for the time given, 60s by default.
set -eu
cd "$(dirname "$0")/.."
time=${1:-60s}
grep -rlE '^func Fuzz[A-Za-z0-9_]*\(' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do
	cat "$dir"/*_test.go | sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' | sort -u | while read -r target; do
		echo "fuzz $dir $target $time"
		(cd "$dir" && go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" .)
	done
done
