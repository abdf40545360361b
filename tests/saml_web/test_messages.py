"""Every text of every house has its Danish, and no catalogue holds a text nobody uses."""

import re

import pytest

from scripts.messages import SHARED, packages, read_catalog, texts, used

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
