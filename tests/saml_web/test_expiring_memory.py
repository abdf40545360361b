from datetime import UTC, datetime, timedelta

from saml_web.expiring_memory import ExpiringMemory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def memory():
    return ExpiringMemory[str, int](lifetime=MINUTE, limit=2)


def test_forgets_at_the_end_of_the_lifetime():
    remembered = memory()
    remembered.put("a", 1, at=NOW)
    assert remembered.get("a", at=NOW + MINUTE - timedelta(microseconds=1)) == 1
    assert remembered.get("a", at=NOW + MINUTE) is None


def test_takes_once():
    remembered = memory()
    remembered.put("a", 1, at=NOW)
    assert remembered.take("a", at=NOW) == 1
    assert remembered.take("a", at=NOW) is None


def test_the_oldest_goes_when_it_is_full():
    remembered = memory()
    for number, key in enumerate("abc"):
        remembered.put(key, number, at=NOW)
    assert [remembered.get(key, at=NOW) for key in "abc"] == [None, 1, 2]


def test_putting_again_begins_a_new_lifetime():
    remembered = memory()
    remembered.put("a", 1, at=NOW)
    remembered.put("b", 2, at=NOW)
    remembered.put("a", 3, at=NOW + MINUTE / 2)
    assert remembered.get("a", at=NOW + MINUTE) == 3
    assert remembered.get("b", at=NOW + MINUTE) is None


def test_a_change_renews_nothing():
    remembered = memory()
    remembered.put("a", 1, at=NOW)
    remembered.change("a", 2, at=NOW + MINUTE / 2)
    remembered.change("b", 3, at=NOW)
    assert remembered.values(at=NOW + MINUTE / 2) == (2,)
    assert remembered.values(at=NOW + MINUTE) == ()
