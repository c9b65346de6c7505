"""Passwords cannot be guessed by trying, nobody is locked out for another, and nobody learns who has an account."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from axes.signals import user_locked_out
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_login_failed
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.crypto import pbkdf2

from accounts.passwords import Hasher

from .conftest import LOGIN, PASSWORD

pytestmark = [pytest.mark.both, pytest.mark.django_db]

WRONG = "seven loud crows at noon"
REFUSAL = "Please enter the correct username and password for a staff account."


def tries(username: str, password: str = WRONG, client: Client | None = None, **headers):
    return (client or Client()).post(LOGIN, {"username": username, "password": password}, **headers)


def locks(username: str, settings, **headers) -> None:
    for _ in range(settings.SIGN_IN_TRIES):
        last = tries(username, **headers)
    assert last.status_code == 429


def test_after_some_wrong_passwords_even_the_right_one_is_refused_and_the_page_says_for_how_long(nora, settings):
    locks("nora", settings)

    answer = nora.gives_password()

    assert answer.status_code == 429
    assert "try again in 15 minutes" in answer.text
    assert not nora.is_in


def test_one_wrong_password_less_and_the_right_one_is_taken_and_the_count_begins_anew(nora, settings):
    for _ in range(settings.SIGN_IN_TRIES - 1):
        assert tries("nora").status_code == 200

    assert nora.gives_password().status_code == 302
    assert not AccessAttempt.objects.exists()


def test_the_lock_opens_after_its_time_and_trying_meanwhile_does_not_prolong_it(nora, settings):
    locks("nora", settings)
    minutes = settings.SIGN_IN_LOCK_MINUTES
    AccessAttempt.objects.update(attempt_time=timezone.now() - timezone.timedelta(minutes=minutes - 1))

    refused = tries("nora")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timezone.timedelta(minutes=minutes, seconds=1))

    assert "try again in 1 minute." in refused.text
    assert nora.gives_password().status_code == 302


@pytest.mark.either
def test_nobody_else_is_locked_out_neither_colleagues_here_nor_the_same_person_elsewhere(nora, otto, settings):
    locks("nora", settings)

    assert otto.gives_password().status_code == 302
    assert nora.elsewhere().gives_password(REMOTE_ADDR="203.0.113.7").status_code == 302


@pytest.mark.either
def test_another_browser_is_not_another_address(nora, settings):
    for number in range(settings.SIGN_IN_TRIES):
        tries("nora", headers={"user-agent": f"Browser {number}"})

    assert nora.gives_password().status_code == 429


def test_behind_a_proxy_the_address_that_the_proxy_saw_is_counted(nora, settings):
    settings.BEHIND_TLS_PROXY = True
    for number in range(settings.SIGN_IN_TRIES):
        tries("nora", headers={"x-forwarded-for": f"10.0.0.{number}, 203.0.113.7"})

    here, there = nora.elsewhere(), nora.elsewhere()
    assert here.gives_password(headers={"x-forwarded-for": "10.9.9.9, 203.0.113.7"}).status_code == 429
    assert there.gives_password(headers={"x-forwarded-for": "203.0.113.8"}).status_code == 302


def test_where_no_proxy_is_trusted_what_a_client_says_of_its_address_counts_for_nothing(nora, settings):
    for number in range(settings.SIGN_IN_TRIES):
        tries("nora", headers={"x-forwarded-for": f"203.0.113.{number}"})

    assert nora.gives_password(headers={"x-forwarded-for": "203.0.113.99"}).status_code == 429


def test_one_ipv6_network_counts_as_one_address(nora, settings):
    for number in range(settings.SIGN_IN_TRIES):
        tries("nora", REMOTE_ADDR=f"2001:db8:0:1::{number}")

    assert nora.gives_password(REMOTE_ADDR="2001:db8:0:1:ffff::9").status_code == 429
    assert nora.elsewhere().gives_password(REMOTE_ADDR="2001:db8:0:2::1").status_code == 302


@pytest.mark.parametrize("address", ["", "unknown", "203.0.113.7:4711", "x" * 300])
def test_an_address_that_is_none_is_no_trouble(nora, settings, address):
    settings.BEHIND_TLS_PROXY = True

    for _ in range(settings.SIGN_IN_TRIES):
        last = tries("nora", headers={"x-forwarded-for": address}, REMOTE_ADDR=address)

    assert last.status_code == 429


@pytest.fixture
def few_per_address(settings) -> int:
    """In the place of a hundred, which take long to try."""
    settings.SIGN_IN_TRIES_PER_ADDRESS = 8
    return 8


def guesses_names(number: int, **headers) -> list[int]:
    return [tries(f"name {n}", **headers).status_code for n in range(number)]


def test_after_many_wrong_passwords_with_ever_new_names_the_address_is_refused_whatever_the_name(
    nora, few_per_address
):
    assert guesses_names(few_per_address) == [200] * few_per_address

    answers = [tries("one more"), nora.gives_password(), tries("nora")]

    assert [answer.status_code for answer in answers] == [429] * 3
    assert len({without_tokens(answer.text) for answer in answers}) == 1
    assert "from your connection, with many usernames. Please try again in 15 minutes" in answers[0].text
    assert not nora.is_in


def test_a_right_password_between_wrong_ones_gives_no_more_tries(nora, few_per_address):
    guesses_names(few_per_address - 1)
    assert nora.gives_password().status_code == 302
    tries("one more")

    assert tries("another").status_code == 429


def test_who_is_at_another_address_or_signed_in_already_notices_nothing_of_it(nora, otto, few_per_address):
    nora.gives_password()
    guesses_names(few_per_address)

    assert nora.is_in
    assert otto.gives_password(REMOTE_ADDR="203.0.113.7").status_code == 302


def test_the_address_is_let_in_again_after_its_time_and_trying_meanwhile_does_not_prolong_it(
    nora, settings, few_per_address
):
    guesses_names(few_per_address)
    minutes = settings.SIGN_IN_LOCK_MINUTES
    AccessAttempt.objects.update(attempt_time=timezone.now() - timezone.timedelta(minutes=minutes - 1))
    refused = tries("one more")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timezone.timedelta(minutes=minutes, seconds=1))

    assert "try again in 1 minute." in refused.text
    assert nora.gives_password().status_code == 302


def test_one_ipv6_network_guesses_names_as_one_address(few_per_address):
    for number in range(few_per_address):
        tries(f"name {number}", REMOTE_ADDR=f"2001:db8:0:1::{number}")

    assert tries("one more", REMOTE_ADDR="2001:db8:0:1:ffff::9").status_code == 429
    assert tries("one more", REMOTE_ADDR="2001:db8:0:2::1").status_code == 200


def test_those_whose_address_cannot_be_read_are_not_locked_out_for_each_other(nora, few_per_address):
    guesses_names(few_per_address, REMOTE_ADDR="")

    assert nora.gives_password(REMOTE_ADDR="").status_code == 302


@pytest.mark.either
def test_known_or_unknown_active_or_not_staff_or_not_everybody_gets_the_same_answers(nora, settings):
    users = get_user_model().objects
    users.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    users.create_user("patient", password=PASSWORD)
    cases = (("nora", WRONG), ("nobody", WRONG), ("gone", PASSWORD), ("patient", PASSWORD), ("gone", WRONG))
    cases += (("patient", WRONG),)

    answers = {}
    for number, (username, password) in enumerate(cases):
        here = {"REMOTE_ADDR": f"203.0.113.{number}"}
        each = [tries(username, password, **here) for _ in range(settings.SIGN_IN_TRIES)]
        assert REFUSAL in each[0].text
        texts = [answer.text.replace(username, "NAME") for answer in (each[0], each[-1])]
        answers[username, password] = ([answer.status_code for answer in each], *map(without_tokens, texts))

    assert len({str(answer) for answer in answers.values()}) == 1
    assert answers["nobody", WRONG][0] == [200] * (settings.SIGN_IN_TRIES - 1) + [429]


def without_tokens(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "csrfmiddlewaretoken" not in line)


@pytest.mark.either
def test_a_wrong_name_takes_as_long_as_a_wrong_password(nora, monkeypatch):
    """All that takes long is to hash, so the hashes are counted, and how often each goes round."""
    gone = get_user_model().objects.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    rounds = []

    def hash_and_count(password, salt, iterations, *arguments, **options):
        rounds.append(iterations)
        return pbkdf2(password, salt, iterations, *arguments, **options)

    monkeypatch.setattr("django.contrib.auth.hashers.pbkdf2", hash_and_count)
    hashed = {}
    for name in ("nora", "nobody", gone.username):
        rounds.clear()
        tries(name)
        hashed[name] = [*rounds]

    assert hashed["nora"] == [Hasher.iterations]
    assert hashed["nobody"] == hashed["gone"] == hashed["nora"]


def test_what_is_kept_is_a_count_without_what_was_typed(nora, settings):
    tries("nora", client=Client(), headers={"user-agent": "Firefox/1"})
    # The password in the field for the name, as happens.
    tries(PASSWORD, "whatever it was")
    Client().post(LOGIN, {"username": "nora", "password": WRONG, "other": "typed elsewhere"})

    kept = list(AccessAttempt.objects.values())
    assert [row["failures_since_start"] for row in sorted(kept, key=lambda row: row["id"])] == [2, 1]
    for secret in (WRONG, PASSWORD, "whatever it was", "typed elsewhere", "Firefox"):
        assert secret not in str(kept)
    assert not AccessLog.objects.exists()
    assert not AccessFailureLog.objects.exists()


def test_counts_that_no_longer_lock_are_deleted_with_the_next_try(nora, otto, settings):
    tries("nora")
    AccessAttempt.objects.update(
        attempt_time=timezone.now() - timezone.timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES, seconds=1)
    )

    tries("otto")

    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["otto"]


@pytest.mark.either
def test_failures_and_locks_are_told_to_whoever_listens_without_passwords(nora, settings):
    failed, locked = [], []

    def hear_failure(sender, credentials, **kwargs):
        failed.append(credentials)

    def hear_lock(*args, username, **kwargs):
        locked.append(username)

    user_login_failed.connect(hear_failure)
    user_locked_out.connect(hear_lock)
    get_user_model().objects.create_user("patient", password=PASSWORD)

    locks("nora", settings)
    tries("patient", PASSWORD)

    assert [credentials["username"] for credentials in failed] == ["nora"] * settings.SIGN_IN_TRIES + ["patient"]
    assert locked == ["nora"]
    assert PASSWORD not in str(failed)


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_time_are_all_counted(nora, settings):
    settings.AXES_FAILURE_LIMIT = 100

    def once(_):
        try:
            return tries("nora").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(once, range(24)))

    assert answers == [200] * 24
    assert sum(AccessAttempt.objects.values_list("failures_since_start", flat=True)) == 24
