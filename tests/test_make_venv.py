"""scripts/make_venv.sh says in plain words what a machine lacks."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_venv.sh"


def make(python, venv):
    return subprocess.run(["sh", SCRIPT, python, venv], capture_output=True, encoding="utf-8", check=False)


@pytest.fixture
def poor_python(tmp_path):
    """Gives a python that fails one of the script's questions."""

    def that_fails(question):
        path = tmp_path / "python"
        path.write_text(f'#!/bin/sh\ncase "$2" in *"{question}"*) exit 1;; esac\nexec {sys.executable} "$@"\n')
        path.chmod(0o755)
        return path

    return that_fails


def test_no_python_at_all(tmp_path):
    done = make("no-such-python", tmp_path / "venv")
    assert (done.returncode, "no-such-python" in done.stderr, "3.11" in done.stderr) == (1, True, True)


def test_a_python_that_is_too_old(tmp_path, poor_python):
    done = make(poor_python("sys.exit(sys.version_info"), tmp_path / "venv")
    assert (done.returncode, "3.11 or newer is needed" in done.stderr) == (1, True)


def test_debian_without_ensurepip_names_the_package(tmp_path, poor_python):
    done = make(poor_python("import ensurepip"), tmp_path / "venv")
    version = "{}.{}".format(*sys.version_info)
    assert (done.returncode, f"apt install python{version}-venv" in done.stderr) == (1, True)
    assert not (tmp_path / "venv").exists()


def test_a_good_python_makes_the_environment(tmp_path):
    done = make(sys.executable, tmp_path / "venv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()
