"""A strict peer finds the CA and its revocation list where each certificate says they are."""

from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.flows.street import Street


@pytest.fixture
def certificate(street: Street) -> x509.Certificate:
    """One that the simulator shows others."""
    return x509.load_der_x509_certificate(street.keys.system("byggesag").certificate_der)


def test_the_issuer_is_where_the_certificate_says(street: Street, certificate: x509.Certificate) -> None:
    (access,) = (
        each
        for each in certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    )
    answer = street.get(urlsplit(access.access_location.value).path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pkix-cert")
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(answer.content))


def test_the_revocation_list_is_where_the_certificate_says(street: Street, certificate: x509.Certificate) -> None:
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    answer = street.get(urlsplit(point.full_name[0].value).path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pkix-crl")
    crl = x509.load_der_x509_crl(answer.content)
    assert crl.issuer == certificate.issuer
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is None
