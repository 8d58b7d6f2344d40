#!/bin/sh
# Checks the dependencies against the Go vulnerability database.
set -eu
cd "$(dirname "$0")/.."
out=$(go run golang.org/x/vuln/cmd/govulncheck@latest ./... 2>&1) && { echo "$out"; exit 0; }
case $out in
*"vuln.go.dev"* | *"dial tcp"* | *"no such host"* | *"connection refused"* | *"Forbidden"*)
	echo "vuln: skipped, the database cannot be reached" ;;
*)
	echo "$out"
	exit 1 ;;
esac
