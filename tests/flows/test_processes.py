"""Starting and ending: what a person, a script and a process manager rely on."""

import http.client
import re
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.own_ports import own_port
from tests.processes import (
    END_SECONDS,
    children_hear,
    clean_environment,
    nsis,
    run_nsis,
    simulator,
    wait_until,
)


def get(url: str, *, address: str = "127.0.0.1") -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(address, parts.port, timeout=END_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": f"localhost:{parts.port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8")
    finally:
        connection.close()


def test_ctrl_c_ends_it_with_status_0_and_nothing_left(tmp_path):
    with simulator(tmp_path, environment=clean_environment(), port=own_port(), first_start=True) as running:
        assert get(f"{running.base_url}/healthz")[0] == 200
        assert get(f"{running.base_url}/readyz")[0] == 200
        assert running.interrupt() == 0
        log = running.log.read_text("utf-8")
        assert "Traceback" not in log
        assert log.rstrip().endswith("Ended.")
        children = subprocess.run(["pgrep", "-P", str(running.process.pid)], capture_output=True, check=False)
        assert children.stdout == b""
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", urlsplit(running.base_url).port)) != 0


def test_a_process_manager_ends_it_with_status_0(tmp_path):
    with simulator(tmp_path, environment=clean_environment()) as running:
        running.process.terminate()
        assert running.process.wait(END_SECONDS) == 0


def test_ctrl_c_while_a_page_is_being_sent(tmp_path):
    with simulator(tmp_path, environment=clean_environment()) as running, socket.socket() as idle:
        idle.connect(("127.0.0.1", urlsplit(running.base_url).port))
        idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert running.interrupt() == 0


def test_ctrl_c_before_it_is_ready(tmp_path):
    settings = {"NSIS_DATA_DIR": str(tmp_path / "var"), "NSIS_CERTS_DIR": str(tmp_path / "certs")}
    with children_hear(signal.SIGINT):
        process = subprocess.Popen(
            nsis("demo", "--port", "0"),
            env=clean_environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
    try:
        # Keys of 3072 bits take seconds: the first one is there, the last one is not.
        wait_until(lambda: any((tmp_path / "certs").glob("*")) or process.poll() is not None, "the first key")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=END_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, "Traceback" in output) == (0, False), output


PROXY = "http://192.0.2.1:9"
PROXIED = {"http_proxy": PROXY, "HTTP_PROXY": PROXY, "https_proxy": PROXY, "ALL_PROXY": PROXY}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One for those who only look; nobody is at its proxy."""
    with simulator(tmp_path_factory.mktemp("looked-at"), environment=clean_environment(**PROXIED)) as opened:
        yield opened


def test_it_says_where_it_is_and_who_can_log_in(running):
    log = running.log.read_text("utf-8")
    assert f"Ready: {running.base_url}/" in log
    for word in ("ane-holm", "Ane Holm", "Korsbæk Kommune", "Substantial", "ib-noehr"):
        assert word in log


def test_it_answers_on_both_loopback_addresses(running):
    assert get(f"{running.base_url}/healthz", address="127.0.0.1")[0] == 200
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
        assert get(f"{running.base_url}/healthz", address="::1")[0] == 200


def test_a_forged_host_changes_no_url(running):
    port = urlsplit(running.base_url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=END_SECONDS)
    connection.request("GET", "/runtime/saml2/metadata.idp", headers={"Host": "evil.test"})
    body = connection.getresponse().read().decode("utf-8")
    connection.close()
    assert "evil.test" not in body
    assert running.base_url in body


def test_a_busy_port_is_named_with_the_way_out(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = {
            "NSIS_DATA_DIR": str(tmp_path / "var"),
            "NSIS_CERTS_DIR": str(tmp_path / "certs"),
            "NSIS_PORT": str(port),
        }
        done = run_nsis("demo", environment=clean_environment(**settings))
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "NSIS_PORT=" in done.stderr
    assert "Traceback" not in done.stderr


def test_proxy_variables_do_not_reach_a_loopback_login(running):
    login = ("login", "--system", "byggesag", "--idp", "skovrup", "--persona", "ib-noehr")
    done = run_nsis(*login, "--base-url", running.base_url, environment=clean_environment(**PROXIED))
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unreachable_simulator_is_status_2():
    done = run_nsis(
        "login", "--system", "byggesag", "--idp", "korsbaek", "--persona", "ane-holm", "--base-url", "http://127.0.0.1:1",
        environment=clean_environment(),
    )  # fmt: skip
    assert done.returncode == 2
    assert "make demo" in done.stderr


def test_help_needs_neither_the_world_nor_a_locale():
    done = run_nsis("--help", environment=clean_environment(LC_ALL="POSIX", PYTHONUTF8="0"))
    assert done.returncode == 0
    for command in ("demo", "serve", "doctor", "login", "sp", "idp", "apply", "export", "decode", "audit"):
        assert command in done.stdout


def test_a_simulator_that_runs_is_asked_for_its_audit(running):
    done = run_nsis("audit", "--base-url", running.base_url, environment=clean_environment(NSIS_DATA_DIR="/nowhere"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ started = \d+ completed \+ \d+ refused \+ \d+ expired \+ \d+ pending$", done.stdout, re.M)
    assert re.search(r"^Logouts: \d+ started = ", done.stdout, re.M)


@pytest.mark.parametrize("command", ["serve", "--help"])
def test_python_without_docstrings_is_refused_in_one_sentence(command):
    done = run_nsis(command, environment=clean_environment(PYTHONOPTIMIZE="2"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "python -OO" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_setting_is_an_error():
    done = run_nsis("demo", environment=clean_environment(NSIS_PROT="1"))
    assert (done.returncode, "NSIS_PORT" in done.stderr) == (2, True)
