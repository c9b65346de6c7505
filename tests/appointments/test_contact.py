"""What is asked with a request has a place where it is stored, so that no patient's last click finds out."""

from dataclasses import fields

from appointments.intake.contact import Contact
from appointments.intake.forms import CallForm, ConsentForm, WhoForm
from appointments.models import AppointmentRequest

# That what looks like a slip is right, and what is agreed to, which is stored in its own words.
NOT_STORED = {"email_asked", "phone_asked", "patient_phone_asked", "calls_ok", "keeping_ok"}
# Of what is typed with the number, and what was agreed to.
STORED_BESIDE = {"phone_note", "consent"}


def test_each_field_of_the_forms_is_stored_and_what_is_stored_is_asked():
    asked = {*WhoForm.base_fields, *CallForm.base_fields, *ConsentForm.base_fields} - NOT_STORED

    assert asked | STORED_BESIDE == {one.name for one in fields(Contact)}


def test_each_is_a_column_of_the_request():
    columns = {field.name for field in AppointmentRequest._meta.concrete_fields}

    assert {one.name for one in fields(Contact)} <= columns
