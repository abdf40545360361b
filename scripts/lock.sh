#!/bin/sh
# Resolves pyproject.toml into the two locks: one set of versions for every system, each with its hashes, no download URL.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}

if ! command -v "$uv" >/dev/null 2>&1; then
    echo "uv is needed to resolve the locks: python3 -m pip install uv, or name it: make lock UV=/path/to/uv" >&2
    exit 1
fi

compile() { # compile LOCK OPTION… ; versions already in LOCK stay unless they no longer fit, or UPGRADE=1
    lock=$1
    shift
    UV_CUSTOM_COMPILE_COMMAND="make lock" "$uv" pip compile pyproject.toml "$@" --quiet ${UPGRADE:+--upgrade} \
        --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --output-file "$lock"
}

compile requirements.lock --extra build
compile requirements-dev.lock --extra build --extra dev --constraint requirements.lock
