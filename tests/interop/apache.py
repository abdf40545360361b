"""Apache with mod_auth_mellon as a system: its own port, its own directory, ended by its own pid."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nsis_sim.browser import Page
from oiosaml.attributes import CVR, EMAIL, FULL_NAME, LOA, PRIVILEGES_INTERMEDIATE, SPEC_VERSION
from scripts.own_ports import own_port
from tests.conftest import Member
from tests.interop.peer import MISSING, Peer, Profile, read_printed_environment
from tests.processes import END_SECONDS, wait_until

APACHE = Path("/usr/sbin/apache2")
MODULES = Path("/usr/lib/apache2/modules")
_NAMES = {
    "LOA": LOA,
    "CVR": CVR,
    "RIGHTS": PRIVILEGES_INTERMEDIATE,
    "VERSION": SPEC_VERSION,
    "EMAIL": EMAIL,
    "FULL": FULL_NAME,
}

_CONFIGURATION = """
ServerRoot "{directory}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{directory}/apache.pid"
ErrorLog "{directory}/error.log"
LogLevel warn auth_mellon:info
Mutex file:{directory}
{drop}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule include_module {modules}/mod_include.so
LoadModule auth_mellon_module {modules}/mod_auth_mellon.so
StartServers 1
ServerLimit 1
ThreadsPerChild 4
MaxRequestWorkers 4
MinSpareThreads 1
MaxSpareThreads 4

DocumentRoot "{directory}/pages"
DirectoryIndex index.shtml
TypesConfig /dev/null
AddType "text/html; charset=utf-8" .shtml
AddOutputFilter INCLUDES .shtml
MellonLockFile "{directory}/mellon.lock"
MellonCacheEntrySize 196608

<Directory "{directory}/pages">
  Options +Includes
  Require all granted
</Directory>

<Location />
  AuthType Mellon
  Require valid-user
  MellonEnable auth
  MellonEndpointPath /mellon
  MellonSPEntityId "{entity_id}"
  MellonSPPrivateKeyFile "{directory}/key.pem"
  MellonSPCertFile "{directory}/certificate.pem"
  MellonIdPMetadataFile "{directory}/broker.xml"
  MellonSignatureMethod rsa-sha256
  MellonSecureCookie httponly
  MellonSubjectConfirmationDataAddressCheck On
  MellonAuthnContextClassRef "https://data.gov.dk/concept/core/nsis/loa/Substantial"
  MellonAuthnContextComparisonType minimum
  MellonMergeEnvVars On
  MellonCond "{loa}" "^(Substantial|High)$" [REG]
{set_env}
</Location>
"""


@contextmanager
def apache(member: Member, broker_metadata: bytes) -> Iterator[Peer]:
    """Run it until the end of the block."""
    assert APACHE.exists(), MISSING.format(what=f"{APACHE} (apache2)")
    assert (MODULES / "mod_auth_mellon.so").exists(), MISSING.format(what="mod_auth_mellon")
    # Not below pytest's own directory, which is closed to the account that Apache takes on.
    directory = Path(tempfile.mkdtemp(prefix="mellon-"))
    try:
        peer = _write(directory, own_port(), member, broker_metadata)
        _open_to_everybody(directory)
        with _running(directory):
            yield peer
    finally:
        shutil.rmtree(directory)


def _write(directory: Path, port: int, member: Member, broker_metadata: bytes) -> Peer:
    base_url = f"http://127.0.0.1:{port}"
    entity_id = "https://saml.mellon.interop.test"
    (directory / "broker.xml").write_bytes(broker_metadata)
    (directory / "certificate.pem").write_bytes(member.certificate_pem)
    (directory / "key.pem").write_bytes(member.key_pem)
    (directory / "pages").mkdir()
    (directory / "pages" / "index.shtml").write_text("<!doctype html><pre>\n<!--#printenv -->\n</pre>\n", "utf-8")
    text = _CONFIGURATION.format(
        directory=directory,
        port=port,
        modules=MODULES,
        entity_id=entity_id,
        loa=LOA,
        drop="User www-data\nGroup www-data" if os.getuid() == 0 else "",
        set_env="\n".join(f'  MellonSetEnv "{short}" "{name}"' for short, name in _NAMES.items()),
    )
    (directory / "apache.conf").write_text(text, "utf-8")
    return Peer(
        name="mellon",
        entity_id=entity_id,
        login_url=f"{base_url}/",
        acs_url=f"{base_url}/mellon/postResponse",
        metadata_url=f"{base_url}/mellon/metadata",
        member=member,
        read=_read,
    )


def _open_to_everybody(directory: Path) -> None:
    """Let the account that Apache takes on read what it serves, whatever the umask is. The key is read before that."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o600 if path.name == "key.pem" else 0o644)


@contextmanager
def _running(directory: Path) -> Iterator[None]:
    with (directory / "start.log").open("wb") as sink:
        process = subprocess.Popen(
            [APACHE, "-f", directory / "apache.conf", "-DFOREGROUND"],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env={"PATH": os.environ["PATH"]},
        )
    try:
        # Written once it listens.
        wait_until(lambda: (directory / "apache.pid").exists() or process.poll() is not None, "Apache's port")
        assert process.poll() is None, "".join(path.read_text("utf-8") for path in directory.glob("*.log"))
        yield
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def _read(page: Page) -> Profile:
    environment = read_printed_environment(page.text)
    attributes = {
        name: environment[f"MELLON_{short}"] for short, name in _NAMES.items() if f"MELLON_{short}" in environment
    }
    assert environment["REMOTE_USER"] == environment["MELLON_NAME_ID"]
    return Profile(environment["MELLON_NAME_ID"], attributes)
