"""A password is long and not guessed first. Nothing else is asked of it."""

import unicodedata

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse

from .conftest import PASSWORD

NORA = {"username": "nora.sample", "first_name": "Leonora", "last_name": "Sample", "email": "nora@mail.example"}

TAKEN = (
    "four quiet herons at dusk",
    "onlysmallletters",
    "vier stille Reiher im März",
    "五只安静的苍鹭在黄昏时分飞过河边",
    "upright pianos drift downriver",
    "83920175638201947562",
    "🦆 " * 3 + "ducks on a pond",
    " leading and trailing spaces ",
    "x7#Kq! " * 40 + "end",
)
REFUSED = (
    "fourteen chars",
    "e\u0301" * 14,
    "passwordpassword",
    "password1234567",
    "123456789012345",
    "qwertyuiopqwertyuiop",
    "aaaaaaaaaaaaaaaaaaaa",
    "abcabcabcabcabcabc",
    "UprightSpineClinic2026!",
    "upright-upright-upright",
    "nora.sample.2026!!",
    "Leonora Sample 123",
    "Upright Spine Nora 1",
)


@pytest.mark.parametrize("password", TAKEN)
def test_long_and_ones_own_is_enough(password):
    validate_password(password, get_user_model()(**NORA))


@pytest.mark.parametrize("password", REFUSED)
def test_what_is_short_or_tried_first_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, get_user_model()(**NORA))


def test_the_name_of_the_clinic_is_no_password(settings):
    settings.CLINIC_NAME = "Riverbend Back Institute"

    with pytest.raises(ValidationError, match="among the first"):
        validate_password("riverbend_back_institute_1")


@pytest.mark.parametrize("password", TAKEN)
@pytest.mark.django_db
def test_every_character_counts_and_none_is_cut_off(nora, password):
    nora.user.set_password(password)
    nora.user.save()

    assert nora.gives_password(password[:-1]).status_code == 200
    assert nora.gives_password(password).status_code == 302


@pytest.mark.parametrize(("chosen", "typed"), [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.django_db
def test_it_does_not_matter_how_a_keyboard_composes_accents(nora, chosen, typed):
    password = "garçon à la rivière étroite"  # noqa: S105
    nora.user.set_password(unicodedata.normalize(chosen, password))
    nora.user.save()

    assert nora.gives_password(unicodedata.normalize(typed, password)).status_code == 302


@pytest.mark.django_db
def test_whoever_changes_it_is_told_what_it_must_be_and_may_paste(nora):
    nora.gives_password()
    change = reverse("admin:password_change")

    page = nora.client.get(change).text
    refused = nora.client.post(
        change, {"old_password": PASSWORD, "new_password1": "passwordpassword", "new_password2": "passwordpassword"}
    )

    assert "At least 15 characters" in page
    assert page.count('autocomplete="new-password"') == 2
    assert 'autocomplete="current-password"' in page
    assert 'autocomplete="off"' not in page
    assert "among the first" in refused.text
    nora.user.refresh_from_db()
    assert nora.user.check_password(PASSWORD)


@pytest.mark.django_db
def test_an_account_that_a_superuser_makes_needs_such_a_password_too(nora):
    nora.gives_password()
    form = {
        "username": "pim",
        "usable_password": "true",
        "password1": "UprightUpright1",
        "password2": "UprightUpright1",
    }

    refused = nora.client.post("/admin/auth/user/add/", form)

    assert "among the first" in refused.text
    assert not get_user_model().objects.filter(username="pim").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("taken", ["bob", "BOB"])
def test_no_two_usernames_differ_in_small_and_capital_letters_alone(nora, taken):
    nora.gives_password()
    bob, pim = (get_user_model().objects.create_user(name) for name in ("bob", "pim"))
    password = dict.fromkeys(("password1", "password2"), "six red kites over town")

    added = nora.client.post("/admin/auth/user/add/", {"username": taken, "usable_password": "true", **password})
    renamed = nora.client.post(f"/admin/auth/user/{pim.pk}/change/", {"username": taken, "is_active": "on"})

    for page in (added, renamed):
        assert "Another account has this username" in page.text
        assert f'value="{taken}"' in page.text
    assert {*get_user_model().objects.values_list("username", flat=True)} == {"nora", "bob", "pim"}
    # One's own may be written anew.
    nora.client.post(f"/admin/auth/user/{bob.pk}/change/", {"username": "Bob", "is_active": "on"})
    assert get_user_model().objects.get(pk=bob.pk).username == "Bob"
