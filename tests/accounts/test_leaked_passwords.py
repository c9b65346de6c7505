"""Where the operator gives a list of passwords that leaked, none of them is taken."""

import hashlib
import unicodedata
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import get_default_password_validators, validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.urls import reverse

from accounts.leaked_passwords import LINES_LOOKED_AT, NotLeaked, is_in

from .conftest import PASSWORD

LEAKED = [f"four quiet herons at dusk {number}" for number in range(500)]
WORDS = "This password is on a list of those that were stolen somewhere"


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def list_of(folder: Path, passwords: list[str], ending: str = "\n", last_ending: str | None = None) -> Path:
    """Half of the lines with a count, of one to seven digits."""
    hashes = sorted(map(sha1, passwords))
    lines = [one if number % 2 else f"{one}:{7 ** (number % 8)}" for number, one in enumerate(hashes)]
    file = folder / "leaked.txt"
    file.write_bytes((ending.join(lines) + (ending if last_ending is None else last_ending)).encode())
    return file


@pytest.fixture
def leaked(tmp_path, settings) -> Path:
    file = list_of(tmp_path, LEAKED)
    rule = {"NAME": "accounts.leaked_passwords.NotLeaked", "OPTIONS": {"path": str(file)}}
    settings.AUTH_PASSWORD_VALIDATORS = [*settings.AUTH_PASSWORD_VALIDATORS, rule]
    # As when a process starts.
    get_default_password_validators()
    return file


def test_a_password_on_the_list_is_refused_and_each_other_is_taken(leaked):
    for password in LEAKED[::25]:
        with pytest.raises(ValidationError, match=WORDS):
            validate_password(password)
    for number in range(500, 520):
        validate_password(f"four quiet herons at dusk {number}")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("is_cut_short", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_every_line_is_found_whatever_its_place_and_ending(tmp_path, ending, is_cut_short, size):
    file = list_of(tmp_path, LEAKED[:size], ending, last_ending="" if is_cut_short else None)
    NotLeaked(str(file))

    assert [password for password in LEAKED[:size] if not is_in(file, password)] == []
    assert [password for password in LEAKED[size:] if is_in(file, password)] == []


def test_accents_count_however_a_keyboard_composes_them(tmp_path):
    password = "garçon à la rivière étroite"  # noqa: S105
    rule = NotLeaked(str(list_of(tmp_path, [unicodedata.normalize("NFC", password)])))

    with pytest.raises(ValidationError, match=WORDS):
        rule.validate(unicodedata.normalize("NFD", password))


def test_only_some_lines_of_a_long_list_are_read(tmp_path, monkeypatch):
    file = list_of(tmp_path, [str(number) for number in range(100_000)])
    read = []

    class Counted:
        def __init__(self, opened):
            self.opened = opened

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.opened.close()

        def seek(self, *where):
            return self.opened.seek(*where)

        def readline(self, most):
            read.append(most)
            return self.opened.readline(most)

    monkeypatch.setattr(Path, "open", lambda path, mode: Counted(open(path, mode)))  # noqa: SIM115

    assert is_in(file, "4711")
    assert len(read) < 60


@pytest.mark.django_db
def test_whoever_changes_a_password_is_told(leaked, nora):
    nora.gives_password()
    change = reverse("admin:password_change")
    form = {"old_password": PASSWORD, "new_password1": LEAKED[3], "new_password2": LEAKED[3]}

    page, refused = nora.client.get(change), nora.client.post(change, form)

    assert "Not one that was ever stolen anywhere." in page.text
    assert WORDS in refused.text
    nora.user.refresh_from_db()
    assert nora.user.check_password(PASSWORD)


@pytest.mark.django_db
def test_when_the_list_is_gone_no_password_is_changed_and_that_is_said(leaked, nora, caplog):
    nora.gives_password()
    leaked.unlink()
    new = "nine slow barges, upstream"

    refused = nora.client.post(
        reverse("admin:password_change"), {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )

    assert refused.status_code == 200
    assert "Passwords cannot be changed just now" in refused.text
    assert "The list of leaked passwords cannot be read any more." in caplog.text
    nora.user.refresh_from_db()
    assert nora.user.check_password(PASSWORD)


RIGHT = sorted(sha1(password) for password in LEAKED[:5])
WRONG = {
    "empty": "",
    "sorted by count": f"{RIGHT[4]}:90\n{RIGHT[1]}:80\n",
    "twice the same": f"{RIGHT[0]}\n{RIGHT[0]}\n",
    "lower case": f"{RIGHT[0].lower()}\n",
    "of another kind": f"{RIGHT[0]}{RIGHT[1]}\n",
    "the passwords themselves": "password\n",
    "one endless line": "A" * 1_000_000,
}


@pytest.mark.parametrize("written", WRONG.values(), ids=WRONG)
def test_a_list_that_is_none_is_refused_in_words(tmp_path, written):
    file = tmp_path / "leaked.txt"
    file.write_text(written)

    with pytest.raises(ImproperlyConfigured, match="must name a file of SHA-1 hashes in upper case, sorted"):
        NotLeaked(str(file))


def test_one_that_is_not_there_or_a_folder_is_refused_in_words(tmp_path):
    for path in (tmp_path, tmp_path / "nothing here"):
        with pytest.raises(ImproperlyConfigured, match="must name a file that we can read"):
            NotLeaked(str(path))


def test_a_list_as_long_as_what_is_looked_at_is_one(tmp_path):
    NotLeaked(str(list_of(tmp_path, [str(number) for number in range(LINES_LOOKED_AT)])))
