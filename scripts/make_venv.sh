#!/bin/sh
# Makes the virtual environment, or says in plain words what the machine lacks. Usage: make_venv.sh PYTHON DIRECTORY
set -eu
python=$1
venv=$2

if ! command -v "$python" >/dev/null 2>&1; then
    echo "There is no '$python' on this machine. Install Python 3.11 or newer, or name it: make demo PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    found=$("$python" -c 'import platform; print(platform.python_version())')
    echo "'$python' is Python $found; 3.11 or newer is needed. Name a newer one: make demo PYTHON=python3.12" >&2
    exit 1
fi
# Debian and Ubuntu ship venv without ensurepip, and then leave half an environment behind.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "This Python cannot make virtual environments: its venv or ensurepip module is missing." >&2
    echo "On Debian and Ubuntu: apt install python$version-venv    Then run make again." >&2
    exit 1
fi
"$python" -m venv "$venv"
