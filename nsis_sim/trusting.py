"""The words that help a person trust the simulator's TLS authority, and no more than that."""

import shlex
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

NICKNAME: Final = "nsis-simulator"


def instructions(ca: Path, base_url: str) -> str:
    """Give what to do on each system, for the certificate in that file, and how to try it at the simulator that runs at `base_url`."""
    certificate = x509.load_pem_x509_certificate(ca.read_bytes())
    fingerprint = certificate.fingerprint(SHA256()).hex(":").upper()
    file = shlex.quote(str(ca.resolve()))
    return f"""The authority's certificate is {ca.resolve()}
SHA-256 {fingerprint}
valid until {certificate.not_valid_after_utc:%Y-%m-%d}

It can vouch for names under .localhost and for nothing else: whoever gets hold of its key can show you a false page of this
machine, not of your bank. Trust it all the same only where you rehearse, and take it away afterwards.

Chromium and Chrome on Linux (package libnss3-tools):
  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n {NICKNAME} -i {file}
  undo: certutil -d sql:$HOME/.pki/nssdb -D -n {NICKNAME}
Firefox:
  Settings, Privacy & Security, View Certificates, Authorities, Import …; tick websites only
macOS (Safari, Chrome):
  security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {file}
  undo: security delete-certificate -c "{_common_name(certificate)}" ~/Library/Keychains/login.keychain-db
Windows (Edge, Chrome):
  certutil -user -addstore Root {file}
  undo: certutil -user -delstore Root "{_common_name(certificate)}"

curl:    curl --cacert {file} {shlex.quote(base_url + "/healthz")}
Python:  SSL_CERT_FILE={file} for requests and httpx that read it, or verify={file}
Node:    NODE_EXTRA_CA_CERTS={file}
Java:    keytool -importcert -noprompt -alias {NICKNAME} -file {file} -keystore my-truststore.p12 -storepass changeit

Python, Node and Java ask the system for *.localhost, and many systems do not know it: add the names to /etc/hosts as 127.0.0.1 there.
The commands of `nsis` know both by themselves."""


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
