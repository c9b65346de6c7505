"""A version has a history: which texts there were, and that what was released never changes under its name."""

import datetime

import pytest

from screening.pathways import EARLIER
from screening.pathways.vertebral_cement import PATHWAY
from screening.releases import NotReleased, Release, listed, releases
from screening.signed_text import fingerprint

# This list only grows: whoever changes a line of it takes away what somebody may have signed.
RELEASED = [("1.0", 0, "a5c6353b6605")]
TODAY = datetime.date(2026, 12, 24)


def release(version="2.0", revision=0, text="text", state="released"):
    return Release(version, revision, datetime.date(2026, 11, 29), text, state, "First text of this version.")


def told(known, **changes):
    new = {"version": "2.0", "fingerprint": "another text", "today": TODAY, "note": ""}
    return listed(known, **new | changes)


def test_what_was_released_stands_as_it_was():
    out = [one for one in releases(PATHWAY.key) if not one.is_draft]

    assert [(one.version, one.revision, one.fingerprint) for one in out[: len(RELEASED)]] == RELEASED


def test_the_text_as_it_is_now_is_the_last_one_of_its_version():
    last = releases(PATHWAY.key)[-1]

    assert (last.version, last.fingerprint) == (PATHWAY.version, fingerprint(PATHWAY.key)), "make approve lists it"


def test_each_text_is_listed_once_in_the_order_of_its_version_and_only_the_last_may_be_a_draft():
    names = [(one.version, one.revision) for one in releases(PATHWAY.key)]

    assert len(set(names)) == len(names)
    assert [*dict.fromkeys(version for version, _ in names)] == [*(one.version for one in EARLIER), PATHWAY.version]
    assert not any(one.is_draft for one in releases(PATHWAY.key)[:-1])
    assert all(one.note for one in releases(PATHWAY.key))


def test_a_released_text_does_not_change_under_its_version():
    with pytest.raises(NotReleased, match=r"^The text of version 2\.0 was released and has changed\. Raise VERSION"):
        told([release()])


def test_a_slip_of_the_pen_is_a_revision_that_says_what_it_mends():
    assert told([release()], note="A missing full stop.")[1:] == [
        Release("2.0", 1, TODAY, "another text", "draft", "A missing full stop.")
    ]


def test_a_draft_changes_until_it_is_released():
    assert told([release("1.0", state="released"), release(state="draft")]) == [
        release("1.0"),
        Release("2.0", 0, TODAY, "another text", "draft", "First text of this version."),
    ]


def test_a_new_version_begins_a_draft():
    assert told([release()], version="3.0")[1:] == [
        Release("3.0", 0, TODAY, "another text", "draft", "First text of this version.")
    ]


def test_an_old_version_does_not_come_back():
    with pytest.raises(NotReleased, match="Give this text a new version"):
        told([release("1.0"), release("2.0")], version="1.0")


def test_the_same_text_is_not_listed_twice():
    assert told([release()], fingerprint="text") == [release()]


def test_every_version_says_what_it_changed_and_why():
    assert {change.version for change in PATHWAY.changes} == {one.version for one in releases(PATHWAY.key)}
    assert [change for change in PATHWAY.changes if not (change.what and change.why and change.sources)] == []
