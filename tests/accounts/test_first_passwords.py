"""A password that somebody else set is for choosing one's own, at once, and it does not wait for that for ever."""

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import FirstPassword

from .conftest import LOGIN, PASSWORD, SET_UP, Person
from .test_second_factor import BEFORE_THE_CODE, staff_addresses

pytestmark = pytest.mark.django_db

FIRST = "six red kites over town"
OWN = "nine slow barges, upstream"
CHANGE = reverse("admin:password_change")
# They let somebody choose a password, or leave.
OPEN = {"password_change", "password_change_done", "jsi18n", "logout"}


@pytest.fixture
def nora(nora):
    nora.gives_password()
    return nora


@pytest.fixture
def pim(nora) -> Person:
    """Somebody whose account a superuser has just made."""
    form = {"username": "pim", "usable_password": "true", "password1": FIRST, "password2": FIRST}
    nora.client.post("/admin/auth/user/add/", form)
    get_user_model().objects.filter(username="pim").update(is_staff=True)
    return Person(get_user_model().objects.get(username="pim"))


def chooses(person: Person, new: str, old: str = FIRST):
    return person.client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": new})


def set_by_a_superuser(nora: Person, person: Person, password: str = FIRST) -> None:
    form = {"password1": password, "password2": password, "usable_password": "true"}
    answer = nora.client.post(f"/admin/auth/user/{person.user.pk}/password/", form)
    assert answer.status_code == 302


def let_pass(**span) -> None:
    FirstPassword.objects.update(set_at=timezone.now() - datetime.timedelta(**span))


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_opens_only_the_page_for_choosing_ones_own(pim, method):
    pim.gives_password(FIRST)

    answers = {
        name: getattr(pim.client, method)(address)
        for name, address in staff_addresses().items()
        if name not in OPEN | BEFORE_THE_CODE
    }

    assert {(answer.status_code, answer.get("Location")) for answer in answers.values()} == {(302, CHANGE)}
    assert len(answers) > 50
    assert getattr(pim.client, method)(SET_UP)["Location"] == CHANGE
    page = pim.client.get(CHANGE).text
    assert "Somebody else set the one you have, and knows it." in page


def test_once_one_has_chosen_everything_opens_and_the_first_one_is_gone(pim):
    pim.gives_password(FIRST)

    chooses(pim, OWN)

    assert not FirstPassword.objects.exists()
    assert pim.gives_password(FIRST).status_code == 200
    pim.gives_password(OWN)
    assert pim.is_in
    assert "Somebody else set" not in pim.client.get(CHANGE).text


def test_the_first_one_is_not_ones_own(pim):
    pim.gives_password(FIRST)

    refused = chooses(pim, FIRST)

    assert "Not one that somebody else gave you." in refused.context["form"].errors["new_password2"]
    assert not pim.is_in


def test_a_reset_by_a_superuser_is_a_first_password_too(nora, otto):
    set_by_a_superuser(nora, otto)

    otto.gives_password(FIRST)

    assert otto.client.get("/admin/")["Location"] == CHANGE


def test_the_second_factor_is_set_up_before_the_password_is_changed(nora, pim, settings):
    settings.SECOND_FACTOR = True
    pim.gives_password(FIRST)
    assert pim.client.get("/admin/", follow=True).request["PATH_INFO"] == SET_UP
    assert pim.client.get(CHANGE)["Location"].startswith(LOGIN)

    pim.sets_up()

    assert pim.client.get("/admin/")["Location"] == CHANGE
    chooses(pim, OWN)
    pim.gives_password(OWN)
    pim.gives_code()
    assert pim.is_in


def test_it_works_for_seven_days_and_then_it_is_a_wrong_password(pim):
    let_pass(days=7, minutes=-1)
    assert pim.elsewhere().gives_password(FIRST).status_code == 302
    let_pass(days=7)

    expired, wrong = pim.elsewhere().gives_password(FIRST), pim.elsewhere().gives_password("seven loud crows at noon")

    assert expired.status_code == wrong.status_code == 200
    assert without_tokens(expired.text) == without_tokens(wrong.text)


def without_tokens(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "csrfmiddlewaretoken" not in line)


def test_an_expired_one_counts_as_a_wrong_password_counts(pim, settings):
    let_pass(days=7)

    answers = [pim.elsewhere().gives_password(FIRST).status_code for _ in range(settings.SIGN_IN_TRIES)]

    assert answers == [200] * (settings.SIGN_IN_TRIES - 1) + [429]


def test_the_number_of_days_is_a_setting(pim, settings):
    settings.FIRST_PASSWORD_DAYS = 2
    let_pass(days=2)

    assert pim.gives_password(FIRST).status_code == 200


def test_after_it_expired_a_superuser_sets_another_which_begins_anew(nora, pim):
    let_pass(days=7)

    set_by_a_superuser(nora, pim, "eight wet otters at play")

    assert pim.gives_password("eight wet otters at play").status_code == 302
    assert pim.client.get("/admin/")["Location"] == CHANGE


def test_the_same_one_is_not_given_again(nora, pim):
    form = {"password1": FIRST, "password2": FIRST, "usable_password": "true"}

    refused = nora.client.post(f"/admin/auth/user/{pim.user.pk}/password/", form)

    assert refused.status_code == 200
    assert "Not one that somebody else gave you." in refused.text


def test_who_loses_the_password_altogether_has_no_first_one(nora):
    form = {"username": "pim", "usable_password": "false", "password1": "", "password2": ""}

    nora.client.post("/admin/auth/user/add/", form)

    assert not get_user_model().objects.get(username="pim").has_usable_password()
    assert not FirstPassword.objects.exists()


def test_a_stronger_digest_of_it_does_not_make_it_ones_own(pim, monkeypatch):
    monkeypatch.setattr("accounts.passwords.Hasher.iterations", 1100)

    pim.gives_password(FIRST)
    pim.gives_password(FIRST)

    assert get_user_model().objects.get(username="pim").password.split("$")[1] == "1100"
    assert pim.client.get("/admin/")["Location"] == CHANGE


@pytest.mark.parametrize("had_a_first_one", [False, True])
def test_at_the_terminal_a_password_is_made_that_stays(db, had_a_first_one, monkeypatch, capsys):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", OWN)
    call_command("createsuperuser", "--noinput", username="olga", email="")
    call_command("demo", weeks=0)
    olga = Person(get_user_model().objects.get(username="olga"))
    demo = Person(get_user_model().objects.get(username="demo"))
    if had_a_first_one:
        FirstPassword.objects.create(user=demo.user, set_at=timezone.now() - datetime.timedelta(days=99))
        call_command("demo", weeks=0)

    olga.gives_password(OWN)
    demo.gives_password(capsys.readouterr().out.split()[-1])

    assert olga.is_in
    assert demo.is_in


def test_accounts_from_before_are_left_alone(nora):
    assert nora.is_in
    assert nora.elsewhere().gives_password(PASSWORD).status_code == 302
    assert Client().get(CHANGE)["Location"].startswith(LOGIN)


def test_when_it_is_set_every_session_ends_and_when_it_is_changed_every_one_that_began_with_it(nora, otto):
    otto.gives_password()
    set_by_a_superuser(nora, otto)
    assert not otto.is_in
    otto.gives_password(FIRST)
    elsewhere = otto.elsewhere()
    elsewhere.gives_password(FIRST)

    chooses(otto, OWN)

    assert otto.client.get("/admin/")["Location"].startswith(LOGIN)
    assert elsewhere.client.get("/admin/")["Location"].startswith(LOGIN)
    otto.gives_password(OWN)
    assert otto.is_in
