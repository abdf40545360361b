"""The differential oracle: the same octets to our verifier and to libxmlsec, with the same key. Nowhere may ours be the laxer.

libxmlsec signs, too: over content that was meddled with first, by every algorithm we know, with and without a PrefixList, so that many
mutants carry a good signature over an odd document. What we then read must be, octet for octet, what was signed.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final

import xmlsec
from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.attribute_query import write_attribute_query
from oiosaml.messages.authn_request import write_authn_request
from oiosaml.messages.logout import write_logout_request
from oiosaml.messages.response import write_response
from oiosaml.xml.parse import parse_message
from oiosaml.xml.verify import verify_enveloped
from tests import builders
from tests.oracles.foreign_signing import SIGNATURE, Signer, sign, signers, verifies
from tests.oracles.octet_mutations import XML_MUTATIONS
from tests.oracles.tree_mutations import TREE_MUTATIONS

_BASE64: Final = re.compile(rb"((?:SignatureValue|DigestValue)>)([^<]+)(<)")
_ODD_IN_BASE64: Final = (b"\n", b" ", b"\t", b"&#13;", b"=", b"-", b"\xc2\xa0", b"&#x2028;")


@dataclass(frozen=True)
class Pair:
    """What the two verifiers say of the same octets."""

    ours: str
    """`accepted` or the code of the refusal."""
    theirs: bool
    same_content: bool
    """Whether what we read is what was signed; true as well if we read nothing."""
    recipe: str


@dataclass
class DifferentialTally:
    """What became of all comparisons."""

    both_accept: int = 0
    both_refuse: int = 0
    stricter: Counter[str] = field(default_factory=Counter)
    """By the code with which ours refuses what libxmlsec accepts."""
    findings: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        return self.both_accept + self.both_refuse + self.stricter.total() + len(self.findings)

    def note(self, pair: Pair) -> None:
        if pair.ours != "accepted":
            self.stricter[pair.ours] += pair.theirs
            self.both_refuse += not pair.theirs
        elif not pair.theirs:
            self.findings.append(f"we accept, libxmlsec refuses: {pair.recipe}")
        elif not pair.same_content:
            self.findings.append(f"we read something else than was signed: {pair.recipe}")
        else:
            self.both_accept += 1


def run(seed: str, numbers: range) -> DifferentialTally:
    """Compare them all; findings are gathered, not raised."""
    tally = DifferentialTally()
    for number in numbers:
        tally.note(compare(seed, number))
    return tally


def compare(seed: str, number: int) -> Pair:
    """Make the document of that seed and number, meddle with it before and after it is signed, and ask both."""
    random = Random(f"{seed}/{number}")
    signer = random.choice(signers())
    root, content, done = _signed(signer, random)
    octets = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        octets, name = _meddle(octets, random)
        done.append(name)
    ours, read = _ours(octets, signer)
    recipe = f"{seed}/{number}: {' + '.join(done) or 'nothing'}: {octets.decode('utf-8', 'backslashreplace')}"
    return Pair(ours, verifies(octets, signer), read in (None, content), recipe)


@cache
def _documents() -> tuple[bytes, ...]:
    assertion = write_assertion(builders.assertion())
    return tuple(
        element.octets()
        for element in (
            assertion,
            write_response(builders.response(), assertion),
            write_authn_request(builders.authn_request()),
            write_logout_request(builders.logout_request()),
            write_attribute_query(builders.attribute_query()),
        )
    )


def _signed(signer: Signer, random: Random) -> tuple[_Element, bytes, list[str]]:
    """A document signed by libxmlsec, the octets that were signed, and what was done to it before."""
    honest = random.choice(_documents())
    changes = random.choices(TREE_MUTATIONS, k=random.choice((0, 0, 1, 2)))
    root = etree.fromstring(honest)
    for change in changes:
        change(root, random)
    try:
        return root, sign(root, signer, random), [f"signed {change.__name__}" for change in changes]
    except (xmlsec.Error, etree.C14NError, ValueError):
        # nothing to refer to, two of it, or no canonical form: the honest document instead
        root = etree.fromstring(honest)
        return root, sign(root, signer, random), []


def _meddle(octets: bytes, random: Random) -> tuple[bytes, str]:
    dice = random.random()
    if dice < 0.2:
        return _blur_base64(octets, random), _blur_base64.__name__
    if dice < 0.5:
        change_octets = random.choice(XML_MUTATIONS)
        return change_octets(octets, random), change_octets.__name__
    try:
        root = etree.fromstring(octets)
    except etree.XMLSyntaxError:
        return octets, "nothing"
    signature = root.find(SIGNATURE)
    change = random.choice(TREE_MUTATIONS)
    change(root if signature is None or dice < 0.75 else signature, random)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False), change.__name__


def _blur_base64(octets: bytes, random: Random) -> bytes:
    """Write a digest or a signature value in another way that a lax decoder takes for the same."""
    found = list(_BASE64.finditer(octets))
    if not found:
        return octets
    match = random.choice(found)
    text = match.group(2)
    place = random.randint(0, len(text))
    other = random.choice(
        (
            text[:place] + random.choice(_ODD_IN_BASE64) + text[place:],
            text.rstrip(b"="),
            text + b"=",
            b"A" * 4 + text,
            text.rstrip(b"=")[:-1] + b"B" + text[len(text.rstrip(b"=")) :],
        )
    )
    return octets[: match.start(2)] + other + octets[match.end(2) :]


def _ours(octets: bytes, signer: Signer) -> tuple[str, bytes | None]:
    """Our outcome, and the octets we go on with."""
    try:
        return "accepted", verify_enveloped(parse_message(octets), [signer.verification], lambda _: None).octets
    except SamlError as refusal:
        return refusal.code, None
