"""What the factory makes is what the public pages make, so that tests of either can trust the other."""

import pytest
import time_machine

from appointments.models import AppointmentRequest

# No two rows have the same.
OF_ITS_OWN = {"id", "journey", "reference"}

FOR_SOMEBODY_ELSE = {
    "cancer": "other",
    "tried": ["brace", "pain_medicine", "rest", "physical_therapy"],
    "helped_physical_therapy": "little",
    "duration": "lt2w",
    "imaging": ["none"],
    "filled_in_by": "Berta Example",
    "relationship": "daughter",
    "may_talk": "not_sure",
    "patient_phone": "808 555 0199",
    "name": " Maximiliana   Example ",
    "date_of_birth_year": "1931",
    "phone": "808 555 0123",
    "email": "",
    "language": "other",
    "other_language": "Haitian Creole",
    "needs_interpreter": "on",
    "hard_of_hearing": "on",
    "large_print": "on",
    "call_times": ["morning", "evening"],
    "voicemail_ok": "no",
    "texts_ok": "on",
}


@pytest.mark.parametrize(
    "typed",
    [{}, FOR_SOMEBODY_ELSE, {"blood_thinner": "yes", "pain": "3", "other_language": "not asked for"}],
    ids=["as it is", "for somebody else", "with a flag"],
)
def test_the_factory_stores_the_row_that_the_public_pages_store(send_request, a_request, typed):
    with time_machine.travel("2026-11-24T15:00Z", tick=False):
        by_the_pages = send_request(**typed)
        columns = columns_of(by_the_pages)
        by_the_pages.delete()

        # The test client answers faster than people read, which only the pages can see.
        made = a_request(**typed, doubts="answered faster than people read")

    assert columns_of(made) == columns


def columns_of(request: AppointmentRequest) -> dict:
    row = AppointmentRequest.objects.values().get(pk=request.pk)
    row["search_text"] = row["search_text"].replace(request.reference.lower(), "")
    return {name: value for name, value in row.items() if name not in OF_ITS_OWN}


def test_nobody_doubts_a_request_of_the_factory_unless_the_test_says_so(a_request):
    assert [a_request().is_doubtful, a_request(doubts="many requests from one address").is_doubtful] == [False, True]


def test_the_factory_takes_no_answers_that_a_page_would_refuse(a_request):
    with pytest.raises(AssertionError, match="phone"):
        a_request(phone="555")
