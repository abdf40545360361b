"""Every text of every house has its Danish, and no catalogue holds a text nobody uses."""

import re
from pathlib import Path

import pytest

from oiosaml.refusals import REFUSALS
from scripts.messages import SHARED, packages, read_catalog, texts, used

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def used_texts(package: str) -> set[str]:
    return {text if isinstance(text, str) else text[0] for text in used(package)}


def test_the_shared_package_is_among_those_looked_at() -> None:
    assert SHARED in packages()
    assert "Skip to content" in used_texts(SHARED)


@pytest.mark.parametrize("package", packages())
def test_every_text_has_a_danish_translation(package: str) -> None:
    own = {message.id if isinstance(message.id, str) else message.id[0]: message for message in read_catalog(package)}
    shared = texts(read_catalog(SHARED))
    missing = [text for text in used_texts(package) - shared if text not in own or not own[text].string]
    assert missing == [], f"run python scripts/messages.py {package} and translate"
    assert [text for text, message in own.items() if text and message.fuzzy] == []


@pytest.mark.parametrize("package", packages())
def test_no_translation_is_stale(package: str) -> None:
    assert texts(read_catalog(package)) - used_texts(package) == set(), f"run python scripts/messages.py {package}"


@pytest.mark.parametrize("package", packages())
def test_translations_keep_the_placeholders(package: str) -> None:
    for message in read_catalog(package):
        if isinstance(message.id, str) and message.id:
            assert set(PLACEHOLDER.findall(message.id)) == set(PLACEHOLDER.findall(str(message.string))), message.id


OTHER_WORDS = {
    r"Context Handlere": "Context Handler, which is a name",
    r"\b[Tt]oken(s|et|ets|er|erne)?\b": "adgangsbillet",
    r"\bReference\b": "henvisning",
    r"\bFor teknikeren": "Til teknikeren",
    r"\b[Mm]islykkes\b": "fejl",
    r"\bgodtage": "acceptere",
    r"\ben log ud\b": "en udlogning",
    r"\b[Aa]fslut \w+ og ": "a comma before the second sentence",
    '[“”„"]': "» and «",
}
"""What would be a second word for one thing, and the word there is."""


@pytest.mark.parametrize("package", packages())
@pytest.mark.parametrize("word", OTHER_WORDS)
def test_danish_has_one_word_for_one_thing(package: str, word: str) -> None:
    found = [message.string for message in read_catalog(package) if re.search(word, str(message.string or ""))]
    assert found == [], f"expected {OTHER_WORDS[word]}"


def test_danish_has_the_same_words_in_the_refusals_and_in_the_federation() -> None:
    sentences = [refusal.da for refusal in REFUSALS.values()]
    sentences.append((ROOT / "federation.yaml").read_text("utf-8"))
    sentences.append((ROOT / "README.da.md").read_text("utf-8"))
    assert [sentence for sentence in sentences if re.search("Context Handlere|[Mm]islykkes|godtage", sentence)] == []
