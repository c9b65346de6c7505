"""The admin's lists answer what their filters ask, and tell nothing letter by letter to whoever writes addresses."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.urls import reverse
from django.utils import timezone

from appointments.models import (
    AppointmentRequest,
    ContactAttempt,
    Event,
    Message,
    OfferedTime,
    PatientMatch,
    PossibleDuplicate,
)
from tests.reading import ANAS_BIRTHDAY

pytestmark = pytest.mark.both

LISTS = sorted(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry)
ODD = ["name__regex=(", "name__startswith=S", "password__startswith=p", "password=x", "token__startswith=S"]
ODD += ["pk__gt=0", "user__password__startswith=p", "user__username__regex=(", "clinician__name__regex=["]
ODD += ["groups__name__regex=(", "_to_field=password", "o=x.-99.9999999999999999999", "p=-1", "p=x", "all="]
ODD += ["q=(", "q=%ff", "nothing=1", "is_staff__exact=(", "groups__id__exact=x", "is_active__isnull=x"]
ODD += ["groups__id__exact=99999999999999999999"]
# What only orders, searches or pages is answered, and a filter that is shown; all else is refused or sent away.
HARMLESS = ("o=", "p=", "all=", "q=", "is_", "groups__id")


@pytest.fixture
def staff(client, scheduler):
    client.force_login(scheduler)
    client.raise_request_exception = False
    return client


@pytest.mark.either
@pytest.mark.sweep
@pytest.mark.parametrize("name", LISTS)
def test_no_list_filters_by_what_no_filter_shows(staff, name):
    ours = name == "admin:appointments_appointmentrequest_changelist"
    answers = {query: staff.get(f"{reverse(name)}?{query}").status_code for query in ODD}

    if ours:
        # A page of our own, which reads nothing but the name of its filters.
        assert set(answers.values()) == {200}
        return
    refused = {query: code for query, code in answers.items() if not query.startswith(HARMLESS)}
    assert {query: code for query, code in refused.items() if code not in (302, 400)} == {}
    assert {code for code in answers.values() if code >= 500} == set()


def test_what_a_filter_shows_it_filters_by(staff, scheduler):
    users = reverse("admin:auth_user_changelist")

    assert "scheduler" in staff.get(f"{users}?is_active__exact=1").content.decode()
    assert "scheduler</a>" not in staff.get(f"{users}?is_active__exact=0").content.decode()
    assert staff.get(f"{users}?groups__id__exact=1").status_code == 200
    assert staff.get(f"{users}?q=sched").status_code == 200


def test_no_model_names_a_patient_where_django_copies_it_into_its_own_log(
    a_request, scheduler, clinician, place, next_week
):
    typed = {"name": "Canary Muestra", "email": "canary@example.com", "relationship": "canary child"}
    typed |= {
        "filled_in_by": "Canary Sample",
        "may_talk": "not_sure",
        "language": "other",
    }
    typed |= {"other_language": "Canarian"}
    request = a_request(**typed)
    other = a_request(**typed, phone="212 555 0199")
    slot = {"starts_at": next_week, "clinician": clinician, "place": place}
    entry = Event.objects.create(
        request=request, verb="called", details="Canary", note="Canary", version=9, before={}
    )
    rows = [
        request,
        entry,
        ContactAttempt.objects.create(
            event=entry,
            request=request,
            by=scheduler,
            channel="phone",
            outcome="reached",
            note="Canary",
            at=timezone.now(),
        ),
        OfferedTime.objects.create(request=request, **slot),
        PossibleDuplicate(earlier=request, later=other, reasons="Canary"),
        Message(request=request, kind="received", channel="email", error="Canary"),
        PatientMatch(request=request, candidates=[{"id": "1", "words": "Canary"}]),
    ]
    values = [getattr(request, field.attname) for field in AppointmentRequest._meta.concrete_fields]
    hidden = {str(value) for value in values if isinstance(value, str) and len(value) > 6} - {request.reference}
    hidden |= {"anary", "5550123", request.phone, *ANAS_BIRTHDAY}

    for row in rows:
        assert [value for value in hidden if value in f"{row} {row!r}"] == []
    # Every model that leads to a request is among them.
    leading = {model for model in apps.get_app_config("appointments").get_models() if leads_to_a_request(model)}
    assert leading <= {type(row) for row in rows}


def leads_to_a_request(model) -> bool:
    foreign = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    return model is AppointmentRequest or any(field.related_model is AppointmentRequest for field in foreign)
