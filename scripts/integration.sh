#!/bin/sh
# Installs the servers that the integration tests start on loopback, where the
# package manager is Debian's, and runs those tests. The tests start and stop
# the servers themselves, on ports of their own.
set -eu
cd "$(dirname "$0")/.."
packages="apache2 dante-server microsocks nginx-light openssh-client openssh-server squid stunnel4 tinyproxy"
missing=""
for p in $packages; do
	dpkg -s "$p" >/dev/null 2>&1 || missing="$missing $p"
done
if [ -n "$missing" ]; then
	echo "integration: installing$missing"
	# Nothing must start by itself: a service on its usual port is nobody's wish.
	policy=/usr/sbin/policy-rc.d
	made=""
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
		made=yes
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
	if [ -n "$made" ]; then rm -f "$policy"; fi
fi
CI_INTEGRATION=1 go test -count=1 -run Integration ./...
