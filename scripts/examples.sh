#!/bin/sh
# Builds every example, runs it for at most 10 s as on a machine behind a proxy
# that is down, shows what it prints, and compares that with output.txt beside
# it. Where there is an output.sed, it takes out what differs each time first.
# Names of examples may be given; UPDATE=1 writes output.txt anew.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Examples talk to servers of their own: no proxy of the environment may come
# between.
down=http://127.0.0.1:9
alone() {
	env -u NO_PROXY -u no_proxy \
		HTTP_PROXY=$down HTTPS_PROXY=$down ALL_PROXY=$down http_proxy=$down https_proxy=$down all_proxy=$down \
		timeout 10 "$@"
}

failed=
failure() {
	echo "example $name: $*" >&2
	failed="$failed $name"
}

[ $# -gt 0 ] || set -- $(cd examples && ls -d -- */ | tr -d /)
for name; do
	echo "== $name"
	dir=examples/$name
	in=. # as by go run ./examples/NAME, or go -C examples/NAME run . in a module of its own
	[ ! -f "$dir/go.mod" ] || in=$dir
	(cd "$in" && go build -o "$work/$name" "$OLDPWD/$dir")
	code=0
	(cd "$in" && alone "$work/$name") >"$work/printed" || code=$?
	cat "$work/printed"
	if [ "$code" -ne 0 ]; then
		failure "exit status $code (124: it took longer than 10 s)"
		continue
	fi
	if [ -f "$dir/output.sed" ]; then
		sed -f "$dir/output.sed" "$work/printed" >"$work/fixed"
		mv "$work/fixed" "$work/printed"
	fi
	if [ "${UPDATE:-}" ]; then
		cp "$work/printed" "$dir/output.txt"
	elif [ ! -f "$dir/output.txt" ]; then
		failure "there is no $dir/output.txt; UPDATE=1 $0 $name writes it"
	elif ! diff -u "$dir/output.txt" "$work/printed" >&2; then
		failure "it did not print what $dir/output.txt says"
	fi
done
if [ "$failed" ]; then
	echo "examples that failed:$failed" >&2
	exit 1
fi
