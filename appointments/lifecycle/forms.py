"""What staff fill in for each verb. `cleaned_data` are the arguments of the verb."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from common.strict_form import StrictForm

from .. import reference as references
from ..calendar.calling_hours import is_elsewhere, zone_of, zones_of_phones
from ..calendar.slots import DAY, DAYS_BOOKED_AHEAD, Calendar, Slot
from ..fields import (
    CallTimesField,
    EmailField,
    LongSelect,
    PersonNameField,
    PhoneField,
    PostalAddressField,
    validate_birthday,
    validate_year,
)
from ..models import AppointmentRequest, Clinician, ContactAttempt, Language, Place, Records, Status, VisitKind
from .close_reasons import CLOSE_REASONS, DID_NOT_COME
from .effects.booking import CancelReason, RescheduleReason
from .effects.claiming import SkipReason
from .effects.offers import MOST

TIMES_SHOWN = 12
# Who cannot come on the first day has others to choose from.
TIMES_SHOWN_OF_A_DAY = 4
IN_LETTERS = "Enter a name in letters."


class MomentField(forms.DateTimeField):
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_validators = [validate_year]  # noqa: RUF012  # Django reads it as it is

    def clean(self, value: object) -> datetime.datetime | None:
        moment = super().clean(value)
        return moment and moment.astimezone(datetime.UTC)


class FutureMomentField(MomentField):
    def clean(self, value: object) -> datetime.datetime | None:
        moment = super().clean(value)
        if moment is not None and moment <= timezone.now():
            raise ValidationError("Choose a time that is still to come.")
        return moment


def note(label: str = "Note") -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=500, widget=forms.Textarea({"rows": 2}))


class VerbForm(StrictForm):
    """A verb that needs nothing but a press of its button."""

    # Fields that few need, and that all others would have to tab through.
    folded: tuple[str, ...] = ()

    def __init__(
        self,
        visit_request: AppointmentRequest,
        data: QueryDict | None = None,
        calendar: Calendar | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        # One for all forms of a page.
        self.calendar = calendar or Calendar(about=visit_request.pathway if visit_request else "")


class NoteForm(VerbForm):
    note = note()


class PlainNoteForm(VerbForm):
    note = forms.CharField(label="Note", max_length=500, widget=forms.Textarea({"rows": 2}))


class ReasonForm(VerbForm):
    note = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea({"rows": 2}))


class EraseForm(VerbForm):
    """Nothing brings it back, so that one press must not be enough."""

    reference = forms.CharField(
        label="Type the reference",
        max_length=40,
        help_text="Everything about this request is deleted. Nobody can undo it.",
    )

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(visit_request, data, **kwargs)
        self._reference = visit_request.reference

    def clean(self) -> dict[str, Any]:
        super().clean()
        if "reference" in self.cleaned_data and references.parse(self.cleaned_data["reference"]) != self._reference:
            self.add_error("reference", "This is not the reference of this request.")
        return {}


class LogCallForm(VerbForm):
    """Its outcome is the button that is pressed; what it takes more is typed before."""

    note = note("Note on the call")
    channel = forms.ChoiceField(
        choices=ContactAttempt.Channel, initial=ContactAttempt.Channel.PHONE, label="How", required=False
    )
    next_call_at = FutureMomentField(
        label="Call again at",
        required=False,
        help_text="If the patient named a time. After a missed call, leave it empty: the next is planned for you.",
    )
    outcome = forms.ChoiceField(label="What came of it", choices=ContactAttempt.CallResult, widget=forms.RadioSelect)

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(visit_request, data, **kwargs)
        zone, now = visit_request.zone, timezone.now()
        if is_elsewhere(zone, now):
            there = f"{now.astimezone(zone):%-I:%M %p}"
            self.fields["next_call_at"].help_text += f" By our clock: it is {there} where the patient is now."

    def clean_channel(self) -> str:
        return self.cleaned_data["channel"] or ContactAttempt.Channel.PHONE

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        is_promise = entered.get("outcome") == ContactAttempt.CallResult.CALL_BACK
        if is_promise and not entered.get("next_call_at") and "next_call_at" not in self.errors:
            self.add_error("next_call_at", "Enter when the patient asked to be called again.")
        return entered


class LogNursesCallForm(VerbForm):
    outcome = forms.ChoiceField(
        label="What came of it",
        widget=forms.RadioSelect,
        choices=[
            (result, result.label)
            for result in ContactAttempt.CallResult
            if result not in (ContactAttempt.CallResult.SENT, ContactAttempt.CallResult.CALL_BACK)
        ],
    )
    next_call_at = FutureMomentField(label="You call again at", required=False)
    note = note("Note on the call")


class KindForm(VerbForm):
    """What it lists are free times for the kind of visit that is chosen, of those that the clinic has."""

    # It is sent although there is nothing to choose, if kinds were taken out of use since the page was shown.
    beside = StrictForm.beside | {"kind"}

    kind = forms.ChoiceField(label="Kind of visit", required=False)

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(visit_request, data, **kwargs)
        visit = visit_request and visit_request.appointment
        kinds = [*self.calendar.kinds]
        # A visit that is moved stays what it is, also where nobody books its kind any more.
        if visit and visit.kind and visit.kind not in kinds:
            kinds.append(visit.kind)
        by_key = {str(kind.pk): kind for kind in kinds}
        usual = visit.kind if visit and visit.kind else self.calendar.usual_kind
        chosen = self.data.get("kind") or self.initial.get("kind")
        self.chosen_kind = by_key.get(chosen or "", usual)
        field = self.choice_field("kind")
        field.choices = [(key, str(kind)) for key, kind in by_key.items()]
        self.initial["kind"] = str(self.chosen_kind.pk) if self.chosen_kind else ""
        if len(kinds) < 2:
            del self.fields["kind"]

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        return {**entered, "kind": self.chosen_kind}

    def times_with(self, name: str) -> dict[str, Slot]:
        """The free times to choose from, by their keys, with those that are chosen in the field of this name."""
        chosen = self.data.getlist(name) if isinstance(self.data, QueryDict) else self.initial.get(name, [])
        return _times_for(chosen, self.calendar, self.chosen_kind)


class BookForm(KindForm):
    """One of the free times that are offered, or another time."""

    # The field is sent although no slot is left, if all were taken since the page was shown.
    beside = KindForm.beside | {"time"}
    folded = ("starts_at", "clinician", "place")
    field_order: tuple[str, ...] = ("kind",)

    time = forms.TypedChoiceField(label="Free times", required=False, widget=forms.RadioSelect)
    starts_at = FutureMomentField(label="When", required=False)
    clinician = forms.ModelChoiceField(Clinician.objects.filter(is_active=True), required=False)
    place = forms.ModelChoiceField(Place.objects.filter(is_active=True), required=False)
    note = note()

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(visit_request, data, **kwargs)
        self.times = self.times_with("time")
        self.choice_field("time").choices = [(key, str(free)) for key, free in self.times.items()]
        # Whoever comes with a time needs no others to tab through.
        if not self.times or "starts_at" in self.initial:
            del self.fields["time"]

    @property
    def is_unfolded(self) -> bool:
        is_filled_in = any(self[name].errors or self[name].value() for name in self.folded)
        return is_filled_in or not self.times

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        chosen = self.times.get(entered.pop("time", ""))
        typed = {name for name in self.folded if entered.get(name) or name in self.errors}
        if chosen:
            slot = chosen._asdict()
            if all(entered.get(name) == slot[name] for name in typed):
                return {**entered, **slot}
            # Nobody can take back the choice of a radio button, so that it is left to be made anew.
            self.data = {name: self.data[name] for name in self.data if name != "time"}
            self.add_error(
                "time", "A free time and another one were given. Choose it again, or leave only the other."
            )
        elif "time" in self.fields and "time" not in self.errors and not typed:
            self.add_error("time", "Choose a free time, or fill in another one below.")
        elif "time" not in self.errors:
            for name in self.folded:
                if name not in typed:
                    self.add_error(name, "This field is required.")
        return entered


class BookAnywayForm(BookForm):
    """What a manager answers for: without the nurse's word, or at a time that the calendar does not have."""

    note = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea({"rows": 2}))


class RescheduleForm(BookForm):
    reason = forms.ChoiceField(choices=RescheduleReason, widget=forms.RadioSelect)
    field_order = ("reason", "kind")


class RescheduleAnywayForm(RescheduleForm):
    note = forms.CharField(label="Why against the rule", max_length=500, widget=forms.Textarea({"rows": 2}))


class OfferForm(KindForm):
    times = forms.MultipleChoiceField(label=f"Up to {MOST} times to choose from", widget=forms.CheckboxSelectMultiple)
    note = note()

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(visit_request, data, **kwargs)
        self.free = self.times_with("times")
        self.choice_field("times").choices = [(key, str(free)) for key, free in self.free.items()]

    def clean_times(self) -> list[Slot]:
        chosen = self.cleaned_data["times"]
        if len(chosen) > MOST:
            raise ValidationError(f"Choose no more than {MOST} times.")
        return [self.free[key] for key in chosen]


class CancelForm(VerbForm):
    reason = forms.ChoiceField(choices=CancelReason, widget=forms.RadioSelect)
    note = note()


class SkipForm(VerbForm):
    reason = forms.ChoiceField(choices=SkipReason, widget=forms.RadioSelect)
    note = note()


class CloseForm(VerbForm):
    reason = forms.ChoiceField(widget=forms.RadioSelect)
    note = note()

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(visit_request, data, **kwargs)
        is_booked = visit_request.status == Status.BOOKED
        self.choice_field("reason").choices = [
            (reason.key, reason.label)
            for reason in CLOSE_REASONS
            if reason.when.may_hold_in(Status.BOOKED) == is_booked
            and (reason is not DID_NOT_COME or visit_request.visits_missed)
        ]


class RecordsForm(VerbForm):
    records = forms.ChoiceField(
        label="Pictures and reports", choices=Records, required=False, widget=forms.RadioSelect
    )
    records_dated = forms.DateField(
        label="Date of the newest report",
        required=False,
        validators=[validate_year],
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    note = note()

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        known = {name: getattr(visit_request, name) for name in ("records", "records_dated")}
        super().__init__(visit_request, data, initial=known, **kwargs)

    def clean_records_dated(self) -> datetime.date | None:
        dated = self.cleaned_data["records_dated"]
        if dated and dated > timezone.localdate():
            raise ValidationError("A report is not from a day to come.")
        return dated


class CorrectForm(VerbForm):
    """What the patient told us about themselves, as it turned out on the phone."""

    name = PersonNameField(label="Name", autocomplete="off", error_messages={"invalid": IN_LETTERS})
    former_names = PersonNameField(
        label="Former or other name",
        autocomplete="off",
        required=False,
        help_text="Searched, too. Not told to anybody.",
        error_messages={"invalid": IN_LETTERS},
    )
    date_of_birth = forms.DateField(
        label="Date of birth",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        validators=[validate_birthday],
    )
    phone = PhoneField()
    phone_note = forms.CharField(
        label="Note on the phone", max_length=80, required=False, help_text="Whose it is, or a second number."
    )
    email = EmailField(label="E-mail")
    email_works = forms.BooleanField(label="E-mails to this address arrive again", required=False)
    texts_arrive = forms.BooleanField(label="Texts to this number arrive again", required=False)
    postal_address = PostalAddressField(label="Mailing address", help_text="Where letters go.")
    language = forms.ChoiceField(choices=Language)
    other_language = PersonNameField(
        label="Other language",
        autocomplete="off",
        required=False,
        max_length=60,
        error_messages={"invalid": IN_LETTERS},
    )
    needs_interpreter = forms.BooleanField(required=False)
    hard_of_hearing = forms.BooleanField(label="Has trouble hearing on the phone", required=False)
    large_print = forms.BooleanField(label="Letters in large print", required=False)
    time_zone = forms.ChoiceField(label="Time zone where the patient is", widget=LongSelect)
    call_times = CallTimesField()
    voicemail_ok = forms.BooleanField(label="We may leave a message", required=False)
    texts_ok = forms.BooleanField(label="We may send texts", required=False)
    note = note()

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if entered.get("language") != Language.OTHER:
            entered["other_language"] = ""
        # Where nobody has said where the patient is, the number says it.
        before = self.initial["time_zone"]
        if entered.get("phone") and entered.get("time_zone") == before == zone_of(self.initial["phone"]):
            entered["time_zone"] = zone_of(entered["phone"])
        return entered

    def __init__(self, visit_request: AppointmentRequest, data: QueryDict | None = None, **kwargs: Any) -> None:
        known = {name: getattr(visit_request, name) for name in self.base_fields if hasattr(visit_request, name)}
        super().__init__(visit_request, data, initial=known, **kwargs)
        for name, fails in (("email_works", visit_request.email_fails), ("texts_arrive", visit_request.texts_fail)):
            if not fails:
                del self.fields[name]
        zones = zones_of_phones() | {visit_request.time_zone, timezone.get_default_timezone_name()}
        self.choice_field("time_zone").choices = [(name, name.replace("_", " ")) for name in sorted(zones)]
        self.fields["call_times"].help_text = ""
        self.fields["phone"].widget.attrs["autocomplete"] = "off"


def still_free(keys: Iterable[str], kind: VisitKind | None, calendar: Calendar) -> dict[str, Slot]:
    """Those of the times with these keys that can be booked, whatever kind of visit they were shown for."""
    keys = set(keys)
    # In UTC, by which a day begins on the one before or ends on the next.
    dates = {key.rpartition(" ")[2].partition("T")[0] for key in keys}
    free: dict[str, Slot] = {}
    for day in calendar.days:
        if dates & {f"{day + days * DAY}" for days in (-1, 0, 1)}:
            for shown_for in [kind, *calendar.kinds]:
                free |= {key_of(time): time for time in calendar.free_on(day, shown_for)}
    return {key: time for key, time in free.items() if key in keys and not calendar.conflict(time, kind)}


def key_of(time: Slot) -> str:
    return f"{time.clinician.pk} {time.place.pk} {time.starts_at:%Y-%m-%dT%H:%M}Z"


def _times_for(chosen: list[str], calendar: Calendar, kind: VisitKind | None) -> dict[str, Slot]:
    """The times to show, and those that were chosen, as long as they are free: others may be shown by now."""
    times = calendar.first_free(kind, most=TIMES_SHOWN, most_a_day=TIMES_SHOWN_OF_A_DAY)
    found = still_free(chosen, kind, calendar) if chosen else {}
    if len(found) < len(set(chosen)):
        # One may be of a week that the sheet does not read.
        found = still_free(chosen, kind, Calendar(days=DAYS_BOOKED_AHEAD, about=calendar.about))
    in_order = sorted({*times, *found.values()}, key=lambda free: (free.starts_at, free.clinician.name))
    return {key_of(free): free for free in in_order}
