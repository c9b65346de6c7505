"""Each step of signing in leaves an entry in the audit, without a code or a secret."""

import pytest
from django.core.management import call_command

from accounts import second_factor
from audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def written() -> list[tuple[str, str, str, str]]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", "outcome", "username", "details"))


def test_each_step_with_the_second_factor_leaves_an_entry_that_says_who_and_what(nora, otto, second_factor_on):
    nora.gives_password()
    nora.sets_up()
    nora.client.post("/admin/second-factor/new-recovery-codes/")
    elsewhere = nora.elsewhere()
    elsewhere.gives_password()
    elsewhere.gives_code()
    elsewhere.client.post("/admin/sessions/end/")
    nora.gives_password()
    nora.gives_code("000000")
    second_factor.reset(nora.user, by=otto.user)
    nora.client.get("/admin/")

    ways_in_and_out = ("second-factor", "sign-in", "sign-out")
    assert [entry for entry in written() if entry[0] in ways_in_and_out or entry[3].startswith("session")] == [
        ("sign-in", "ok", "nora", ""),
        ("second-factor", "ok", "nora", "second factor set up"),
        ("second-factor", "ok", "nora", "recovery codes made"),
        ("sign-in", "ok", "nora", ""),
        ("second-factor", "ok", "nora", "second factor passed"),
        ("sign-out", "ok", "nora", "sessions ended"),
        ("sign-out", "ok", "nora", ""),
        ("refused", "refused", "nora", "session refused"),
        ("sign-out", "ok", "nora", ""),
        ("sign-in", "ok", "nora", ""),
        ("second-factor", "refused", "nora", "second factor failed"),
        ("second-factor", "ok", "otto", f"second factor reset of user {nora.user.pk}"),
        ("refused", "refused", "nora", "session refused"),
        ("sign-out", "ok", "nora", ""),
    ]


def test_what_a_command_did_is_not_said_to_be_done_by_whom_it_was_done_to(nora):
    call_command("reset_second_factor", "nora")

    entry = AuditEntry.objects.latest("seq")
    assert (entry.who, entry.username, entry.details) == ("system", "", f"second factor reset of user {nora.user.pk}")
