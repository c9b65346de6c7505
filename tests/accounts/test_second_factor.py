"""Nobody sees a staff page by a password alone."""

import hashlib
import inspect
import re

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import second_factor, signals
from accounts.models import RecoveryCode, RecoveryCodes

from .conftest import CODE, LOGIN, RECOVERY, SET_UP, Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("second_factor_on")]

BEFORE_THE_CODE = {"sso", "sso_back", "login", "second_factor", "use_recovery_code", "set_up_second_factor", "leave"}


def staff_addresses() -> dict[str, str]:
    """Every address below /admin/, Django's included, by its name, with something in the place of each argument."""
    found = {}

    def walk(patterns, prefix):
        for one in patterns:
            route = prefix + str(one.pattern)
            if isinstance(one, URLResolver):
                walk(one.url_patterns, route)
            elif isinstance(one, URLPattern):
                address = re.sub(r"<uuid:\w+>", "6f8d2d9a-0000-4000-8000-000000000000", route)
                address = re.sub(r"<\w+:\w+>|\(\?P<\w+>[^)]*\)", "1", address)
                found[one.name or route] = "/" + address.replace("^", "").replace("$", "").replace("\\Z", "")

    walk([one for one in get_resolver().url_patterns if str(one.pattern) == "admin/"], "")
    return found


def test_the_walk_finds_our_pages_and_djangos():
    addresses = staff_addresses()

    assert {"index", "export", "password_change", "jsi18n", "auth_user_changelist", "sessions"} <= addresses.keys()
    assert len(addresses) > 60


@pytest.mark.parametrize("method", ["get", "post"])
def test_by_a_password_alone_no_page_opens(nora, method):
    nora.gives_password()

    answers = {
        name: getattr(nora.client, method)(address)
        for name, address in staff_addresses().items()
        if name not in BEFORE_THE_CODE
    }

    assert {answer.status_code for answer in answers.values()} == {302}
    leads_to = {answer["Location"].partition("?")[0] for name, answer in answers.items() if name != "logout"}
    assert leads_to == {LOGIN}
    assert answers["logout"]["Location"] == "/admin/"


def test_after_the_password_who_has_no_app_is_led_to_the_set_up(nora):
    answer = nora.client.post(LOGIN, {"username": "nora", "password": "wrong"})
    assert answer.status_code == 200

    nora.gives_password()
    led = nora.client.get("/admin/export/", follow=True)

    assert led.request["PATH_INFO"] == SET_UP
    assert led.context["next"] == "/admin/export/"
    secret = second_factor.secret_in_groups(TOTPDevice.objects.get())
    assert secret in led.text
    picture = re.search(r"<div class=\"picture\">\s*<svg ([^>]*)>", led.text)[1]
    assert 'role="img"' in picture
    # With it the picture is scaled whole; a width without it would cut the code off.
    assert 'viewBox="0 0 ' in picture
    # Our policy refuses styles in a page.
    assert "style=" not in re.search(r"<div class=\"picture\">.*?</div>", led.text, re.DOTALL)[0]


def test_set_up_by_a_code_the_work_begins_and_the_recovery_codes_are_shown_once(nora):
    nora.gives_password()

    shown = nora.sets_up()

    assert len(nora.recovery_codes) == len(set(nora.recovery_codes)) == 10
    assert shown.headers["Cache-Control"] == "no-store"
    assert nora.client.get("/admin/").status_code == 200
    again = [nora.client.get(address).text for address in ("/admin/sessions/", SET_UP, "/admin/second-factor/")]
    assert not any(code in page for code in nora.recovery_codes for page in again)


def test_nothing_in_the_tables_is_a_recovery_code(nora_inside):
    stored = list(RecoveryCode.objects.values_list("digest", flat=True)) + list(
        RecoveryCodes.objects.values_list("name", "salt")
    )

    assert len(stored) == 11
    for code in nora_inside.recovery_codes:
        assert code not in str(stored)
        assert code.replace("-", "") not in str(stored)


def test_a_stolen_table_of_recovery_codes_opens_nothing(nora_inside):
    """The digests of each person have a salt, and cost what PBKDF2 costs with so many rounds."""
    spellings = [spelt for code in nora_inside.recovery_codes for spelt in (code, code.replace("-", ""))]
    salt = RecoveryCodes.objects.get().salt
    stored = set(RecoveryCode.objects.values_list("digest", flat=True))

    def digests(kind):
        for spelt in spellings:
            for salted in (spelt, salt + spelt, spelt + salt):
                yield hashlib.new(kind, salted.encode()).hexdigest()
            yield hashlib.new(kind, bytes.fromhex(salt) + spelt.encode()).hexdigest()

    quick = {digest for kind in ("md5", "sha1", "sha256", "sha512") for digest in digests(kind)}
    rounds = RecoveryCodes.ITERATIONS
    slow = {hashlib.pbkdf2_hmac("sha256", spelt.encode(), bytes.fromhex(salt), rounds).hex() for spelt in spellings}
    assert len(salt) == 32
    # As it is shipped: tests have fewer, to be quick.
    assert int(re.search(r"ITERATIONS = ([\d_]+)", inspect.getsource(RecoveryCodes))[1]) >= 50_000
    assert not stored & quick
    assert stored < slow


def test_a_wrong_code_sets_nothing_up(nora):
    nora.gives_password()
    nora.client.get(SET_UP)
    wrong = f"{(int(nora.code()) + 1) % 1_000_000:06}"

    answer = nora.client.post(SET_UP, {"code": wrong})

    assert answer.status_code == 422
    assert "not right" in answer.text
    assert nora.client.get("/admin/").status_code == 302
    assert not second_factor.app_of(nora.user)


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "1234567", "٣٤٥٦٧٨", "-12345", "1" * 5000, "\0"])
def test_what_is_no_code_is_refused_in_words(nora_inside, typed):
    other = nora_inside.elsewhere()
    other.gives_password()

    assert other.client.post(CODE, {"code": typed}).status_code == 422
    assert other.client.post(RECOVERY, {"code": typed}).status_code == 422
    assert not other.is_in


def test_who_has_an_app_enters_its_code(nora_inside):
    other = nora_inside.elsewhere()

    other.gives_password()
    assert other.client.get("/admin/", follow=True).request["PATH_INFO"] == CODE
    assert not other.is_in
    # Not led to a new secret either, with which a password alone would be enough.
    assert other.client.get(SET_UP)["Location"].startswith(CODE)
    assert other.client.post(SET_UP, {"code": "123456"})["Location"].startswith(CODE)
    passed = other.client.post(CODE, {"code": other.code(steps=1), "next": "/admin/nurse/"})

    assert passed["Location"] == "/admin/nurse/"
    assert other.is_in


def test_a_code_works_once(nora_inside):
    code = nora_inside.code(steps=1)
    first, second = nora_inside.elsewhere(), nora_inside.elsewhere()
    first.gives_password()
    second.gives_password()

    first.gives_code(code)
    answer = second.gives_code(code)

    assert first.is_in
    assert answer.status_code == 422
    assert not second.is_in


def test_after_wrong_codes_one_waits_even_with_the_right_one(nora_inside):
    other = nora_inside.elsewhere()
    other.gives_password()
    wrong = f"{(int(other.code(steps=1)) + 1) % 1_000_000:06}"
    answers = [other.gives_code(wrong) for _ in range(2)]

    refused = other.gives_code()

    assert answers[0].status_code == refused.status_code == 422
    assert "too many wrong codes. Please wait" in refused.text
    assert not other.is_in


def test_somebody_elses_code_does_not_count(nora_inside, otto):
    otto.gives_password()
    otto.sets_up()
    other = otto.elsewhere()
    other.gives_password()

    other.gives_code(nora_inside.code(steps=1))
    other.client.post(RECOVERY, {"code": nora_inside.recovery_codes[0]})

    assert not other.is_in
    assert RecoveryCode.objects.filter(device__user=nora_inside.user).count() == 10


def test_a_recovery_code_works_once_however_it_is_written_and_tells_how_many_are_left(nora_inside):
    code = nora_inside.recovery_codes[3]
    first, second = nora_inside.elsewhere(), nora_inside.elsewhere()
    first.gives_password()
    second.gives_password()

    passed = first.client.post(RECOVERY, {"code": code.lower().replace("-", " ")}, follow=True)
    answer = second.client.post(RECOVERY, {"code": code})

    assert "You have 9 left" in passed.text
    assert first.is_in
    assert answer.status_code == 422
    assert not second.is_in


def test_new_recovery_codes_make_the_old_ones_void(nora_inside):
    old = nora_inside.recovery_codes[0]

    shown = nora_inside.client.post("/admin/second-factor/new-recovery-codes/")
    new = re.findall(r"<li>([A-Z2-7-]{19})</li>", shown.text)
    other = nora_inside.elsewhere()
    other.gives_password()
    refused = other.client.post(RECOVERY, {"code": old})
    RecoveryCodes.objects.update(throttling_failure_count=0)
    other.client.post(RECOVERY, {"code": new[0]})

    assert len(new) == 10
    assert refused.status_code == 422
    assert other.is_in


def test_the_key_of_the_session_changes_with_the_password_and_with_the_code(nora_inside):
    other = nora_inside.elsewhere()
    other.client.get(LOGIN)
    keys = [other.client.session.session_key]
    other.gives_password()
    keys.append(other.client.session.session_key)
    other.gives_code()
    keys.append(other.client.session.session_key)

    assert len(set(keys)) == 3


def test_moving_to_another_phone_ends_the_old_one_and_the_sessions_elsewhere(nora_inside):
    old_key = second_factor.app_of(nora_inside.user).key
    other = nora_inside.elsewhere()
    other.gives_password()
    other.client.post(RECOVERY, {"code": nora_inside.recovery_codes[0]})
    assert other.is_in

    nora_inside.client.get(SET_UP)
    new = TOTPDevice.objects.get(confirmed=False)
    code = f"{totp(new.bin_key):06}"
    nora_inside.client.post(SET_UP, {"code": code})

    assert second_factor.app_of(nora_inside.user).key == new.key != old_key
    assert nora_inside.is_in
    assert not other.is_in


def test_a_secret_that_was_shown_long_ago_and_not_confirmed_is_not_shown_again(nora):
    nora.gives_password()
    nora.client.get(SET_UP)
    shown = TOTPDevice.objects.get().key
    TOTPDevice.objects.update(created_at=timezone.now() - second_factor.SHOWN_FOR)

    nora.client.get(SET_UP)

    assert TOTPDevice.objects.get().key != shown


def test_reset_by_the_command_the_next_sign_in_sets_up_a_new_one(nora_inside, capsys):
    call_command("reset_second_factor", "nora")

    assert not nora_inside.is_in
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCodes.objects.exists()
    other = nora_inside.elsewhere()
    other.gives_password()
    assert other.client.get("/admin/", follow=True).request["PATH_INFO"] == SET_UP


def test_the_command_says_when_there_is_no_such_user(db):
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("reset_second_factor", "nobody")


def test_a_superuser_resets_it_for_somebody_else(nora_inside, otto):
    otto.gives_password()
    otto.sets_up()
    chosen = {"action": "reset_second_factor", "_selected_action": [otto.user.pk]}

    answer = nora_inside.client.post("/admin/auth/user/", chosen, follow=True)

    assert "Reset for 1" in answer.text
    assert not otto.is_in
    assert nora_inside.is_in


def test_no_page_shows_the_secret_of_an_app_to_anybody_else(nora_inside):
    assert TOTPDevice not in admin.site._registry
    pages = [
        nora_inside.client.get(f"/admin/auth/user/{path}").text for path in ("", f"{nora_inside.user.pk}/change/")
    ]

    assert not any(second_factor.app_of(nora_inside.user).key in page for page in pages)


def test_who_is_no_staff_sees_none_of_these_pages(db):
    client = Client()
    client.force_login(get_user_model().objects.create_user("patient"))

    answers = [client.get(address) for address in (CODE, RECOVERY, SET_UP, "/admin/sessions/")]

    assert {answer["Location"].partition("?")[0] for answer in answers} == {LOGIN}
    assert not TOTPDevice.objects.exists()


def test_every_group_of_staff_needs_it(second_factor_on):
    for group in Group.objects.all():
        user = get_user_model().objects.create_user(f"one of {group}", is_staff=True)
        user.groups.add(group)
        person = Person(user)
        person.client.force_login(user)

        assert not person.is_in


def test_one_may_leave_half_way_and_a_link_to_elsewhere_is_not_followed(nora):
    nora.gives_password()
    page = nora.client.get(SET_UP, {"next": "https://evil.example/"})
    assert page.context["next"] == "/admin/"

    nora.client.post("/admin/second-factor/leave/")

    assert nora.client.get(SET_UP)["Location"].startswith(LOGIN)


def test_what_happens_is_told_to_whoever_listens(nora):
    heard = []
    names = ("passed", "failed", "set_up", "reset")
    listeners = []
    for name in names:

        def listen(sender, name=name, **kwargs):
            heard.append((name, kwargs["user"].username, kwargs.get("method")))

        listeners.append(listen)
        getattr(signals, f"second_factor_{name}").connect(listen)

    nora.gives_password()
    nora.sets_up()
    other = nora.elsewhere()
    other.gives_password()
    other.client.post(RECOVERY, {"code": "AAAA-AAAA-AAAA-AAAA"})
    other.gives_code()
    call_command("reset_second_factor", "nora")

    assert heard == [
        ("set_up", "nora", None),
        ("failed", "nora", "recovery code"),
        ("passed", "nora", "app"),
        ("reset", "nora", None),
    ]
