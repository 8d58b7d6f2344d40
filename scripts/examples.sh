#!/bin/sh
# Runs every example for at most a minute and shows what it prints.
set -eu
cd "$(dirname "$0")/.."
for dir in examples/*/; do
	name=$(basename "$dir")
	echo "example $name"
	if [ -f "$dir/go.mod" ]; then
		(cd "$dir" && timeout 60 go run .)
	else
		timeout 60 go run "./$dir"
	fi
done
