"""What staff fill in for each verb. `cleaned_data` are the arguments of the verb."""

import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from .booking import CancelReason
from .models import Clinician, CloseReason, ContactAttempt, Place, Status


class FutureMomentField(forms.DateTimeField):
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def clean(self, value):
        try:
            moment = super().clean(value)
            # The last hours of the year 9999 are a time here, and none in UTC.
            is_past = moment is not None and moment.astimezone(datetime.UTC) <= timezone.now()
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"]) from None
        if is_past:
            raise ValidationError("Choose a time that is still to come.")
        return moment


def note() -> forms.CharField:
    return forms.CharField(required=False, max_length=500, widget=forms.Textarea({"rows": 2}))


class VerbForm(forms.Form):
    """A verb that needs nothing but a press of its button."""

    def __init__(self, visit_request, data=None, **kwargs):
        super().__init__(data, **kwargs)


class NoteForm(VerbForm):
    note = note()


class LogCallForm(VerbForm):
    channel = forms.ChoiceField(choices=ContactAttempt.Channel, initial=ContactAttempt.Channel.PHONE)
    outcome = forms.ChoiceField(label="What came of it", choices=ContactAttempt.Outcome, widget=forms.RadioSelect)
    next_call_at = FutureMomentField(label="Call again at", required=False)
    note = note()


class BookForm(VerbForm):
    starts_at = FutureMomentField(label="Time of the visit")
    clinician = forms.ModelChoiceField(Clinician.objects.filter(is_active=True))
    place = forms.ModelChoiceField(Place.objects.filter(is_active=True))
    note = note()


class CancelForm(VerbForm):
    reason = forms.ChoiceField(choices=CancelReason, widget=forms.RadioSelect)
    note = note()


class CloseForm(VerbForm):
    reason = forms.ChoiceField(widget=forms.RadioSelect)
    note = note()

    def __init__(self, visit_request, data=None, **kwargs):
        super().__init__(visit_request, data, **kwargs)
        booked = visit_request.status == Status.BOOKED
        self.fields["reason"].choices = [
            (reason.value, reason.label)
            for reason in CloseReason
            if (reason in CloseReason.after_a_visit()) == booked
        ]
