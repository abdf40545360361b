"""A boot has one name, from wherever the machine keeps it."""

from pathlib import Path

from nsis_sim.this_boot import boot_id


def never() -> str:
    raise AssertionError("the machine's own name was there")


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_this_machine_names_its_boot_the_same_each_time():
    assert boot_id(never) == boot_id(never) != ""


def test_linux_names_it_in_a_file(tmp_path):
    file = tmp_path / "boot_id"
    file.write_text("5e2c\n")
    assert boot_id(never, linux=file, sysctl="/nowhere") == "5e2c"


def test_others_name_it_by_sysctl(tmp_path):
    mac = script(tmp_path / "mac", '[ "$*" = "-n kern.bootsessionuuid" ] && echo A-B-C')
    assert boot_id(never, linux=tmp_path / "none", sysctl=mac) == "A-B-C"
    bsd = script(tmp_path / "bsd", '[ "$*" = "-n kern.boottime" ] && echo "{ sec = 1 }"')
    assert boot_id(never, linux=tmp_path / "none", sysctl=bsd) == "{ sec = 1 }"


def test_where_nothing_names_it_every_start_is_a_new_boot(tmp_path):
    (tmp_path / "empty").write_text("")
    fresh = iter(("one", "two"))
    refusing = script(tmp_path / "refusing", "exit 1")
    assert boot_id(lambda: next(fresh), linux=tmp_path / "empty", sysctl="/nowhere") == "one"
    assert boot_id(lambda: next(fresh), linux=tmp_path / "none", sysctl=refusing) == "two"
