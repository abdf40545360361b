#!/bin/sh
# Gets what the tests meet beside Python: Chromium and its headless shell, in which pages cost half, what makes Chromium trust a CA, Apache
# with mod_auth_mellon, faketime, and the Node stacks of tests/interop/node.
# As root it installs them. Otherwise it says what is missing; their tests then say so too. Under CI=true a missing one is a failure.
set -eu
cd "$(dirname "$0")/.."

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
test -x /usr/sbin/apache2 || missing="$missing apache2"
test -e /usr/lib/apache2/modules/mod_auth_mellon.so || missing="$missing libapache2-mod-auth-mellon"
command -v certutil >/dev/null 2>&1 || missing="$missing libnss3-tools"
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
command -v faketime >/dev/null 2>&1 || missing="$missing faketime"

give_up() {
    echo "$1" >&2
    if [ "${CI:-}" = true ]; then exit 1; fi
    echo "The tests that need it will fail or be left out; everything else runs." >&2
    exit 0
}

if [ -n "$missing" ]; then
    command -v apt-get >/dev/null 2>&1 || give_up "Missing for the tests:$missing. This system has no apt-get; install them your way."
    [ "$(id -u)" = 0 ] || give_up "Missing for the tests:$missing. Install them: sudo apt-get install$missing"
    echo "Installing for the tests:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null || give_up "apt-get could not read its sources."
    shell=chromium-headless-shell
    if ! command -v $shell >/dev/null 2>&1 && apt-cache show $shell >/dev/null 2>&1; then missing="$missing $shell"; fi
    apt-get install -y -qq --no-install-recommends $missing >/dev/null \
        || give_up "apt-get could not install:$missing"
fi

node_peers=tests/interop/node
if [ -f "$node_peers/package-lock.json" ]; then
    installed=$node_peers/node_modules/.package-lock.json
    if [ ! -f "$installed" ] || [ "$node_peers/package-lock.json" -nt "$installed" ]; then
        (cd "$node_peers" && npm ci --silent --no-audit --no-fund) || give_up "npm ci failed in $node_peers"
        touch "$installed"
    fi
fi
