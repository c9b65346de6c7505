"""Hours and absences that nobody types one by one: pasted as a table, or copied from a colleague's week."""

import csv
import datetime
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from common.strict_form import StrictForm

from ..fields import validate_year
from ..models import WEEKDAYS, Absence, Clinician, ConsultingHours, Place
from ..roles import MANAGE
from . import calendar_change
from .pages import needs, staff_page

DAYS = ("%Y-%m-%d", "%m/%d/%Y")
TIMES = ("%H:%M", "%I:%M %p", "%I %p", "%I:%M%p", "%I%p")
MOMENTS = tuple(f"{day} {time}" for day in DAYS for time in TIMES)
MOST_ROWS = 500
MOST_CHARACTERS = 50_000
# Of spreadsheets in English, of those where the comma is for decimals, and of what is pasted from one.
SEPARATORS = ",;\t"

MADE, THERE = "New", "Is there already"
NO_ROW = "Paste a table with at least one row."


class _Name(forms.CharField):
    """The row of a table that has this name. One that is not there yet is made."""

    def __init__(self, model: type[Clinician] | type[Place], **options: Any) -> None:
        super().__init__(max_length=120, **options)
        self.model = model

    def clean(self, value: Any) -> Any:
        if not (name := super().clean(value)):
            return None
        found = self.model.objects.filter(name__iexact=name).first() or self.model(name=name)
        if not found.is_active:
            raise ValidationError(f"{found} is not in use.")
        if not found.pk:
            found.full_clean()
            found.save()
        return found


class _Weekday(forms.CharField):
    def clean(self, value: Any) -> int | None:
        typed = super().clean(value).lower()
        fits = [number for number, day in enumerate(WEEKDAYS) if len(typed) >= 2 and day.lower().startswith(typed)]
        if typed and not fits:
            raise ValidationError("Write the weekday like Monday or Mon.")
        return fits[0] if fits else None


def _day(label: str) -> forms.DateField:
    wrong = {"invalid": "Write the day like 2027-05-04 or 5/4/2027."}
    return forms.DateField(
        label=label, input_formats=DAYS, required=False, validators=[validate_year], error_messages=wrong
    )


def _time(label: str) -> forms.TimeField:
    wrong = {"invalid": "Write the time like 9:00 or 9 AM."}
    return forms.TimeField(label=label, input_formats=TIMES, required=False, error_messages=wrong)


class _Moment(forms.DateTimeField):
    """A moment, or a day: then its beginning or, if `is_end`, the beginning of the next."""

    default_validators = [validate_year]  # noqa: RUF012  # Django reads it as it is

    def __init__(self, *, is_end: bool = False, **options: Any) -> None:
        wrong = {"invalid": "Write the day like 2027-05-04, with a time like 9:00 if it is not the whole day."}
        super().__init__(input_formats=MOMENTS, error_messages=wrong, **options)
        self.is_end = is_end

    def to_python(self, value: Any) -> datetime.datetime | None:
        for written in DAYS:
            try:
                day = datetime.datetime.strptime(str(value).strip(), written)
            except ValueError:
                continue
            # The last day of all has no next one.
            validate_year(day)
            return timezone.make_aware(day + datetime.timedelta(days=self.is_end))
        return super().to_python(value)


class HoursRow(forms.Form):
    """Weekly hours of a clinician, or a clinician alone."""

    clinician = _Name(Clinician)
    location = _Name(Place, required=False)
    weekday = _Weekday(required=False)
    starts = _time("Starts")
    ends = _time("Ends")
    first_day = _day("First day")
    last_day = _day("Last day")

    def row(self) -> ConsultingHours | None:
        typed = self.cleaned_data
        hours = {name: typed[name] for name in ("weekday", "starts", "ends")}
        if all(value is None for value in (typed["location"], *hours.values())):
            return None
        since, until = typed["first_day"], typed["last_day"]
        return ConsultingHours(
            clinician=typed["clinician"], place=typed["location"], since=since, until=until, **hours
        )


class AbsenceRow(forms.Form):
    clinician = _Name(Clinician)
    from_ = _Moment(label="From")
    until = _Moment(label="Until", is_end=True)
    reason = forms.CharField(max_length=100, required=False)

    def row(self) -> Absence:
        typed = self.cleaned_data
        when = {"starts_at": typed["from_"], "ends_at": typed["until"]}
        return Absence(clinician=typed["clinician"], reason=typed["reason"], **when)


Row = HoursRow | AbsenceRow


@dataclass(frozen=True)
class Kind:
    label: str
    form: type[Row]
    example: str

    @property
    def columns(self) -> dict[str, str]:
        """The names of the fields by those of their columns, in small letters."""
        return {_label(name, field).lower(): name for name, field in self.form.base_fields.items()}

    @property
    def headers(self) -> str:
        return ", ".join(_label(name, field) for name, field in self.form.base_fields.items())


KINDS = {
    "hours": Kind(
        "Clinicians and their weekly hours",
        HoursRow,
        "Clinician,Location,Weekday,Starts,Ends\nDr. Example,Main clinic,Monday,9:00,12:00",
    ),
    "absences": Kind(
        "Absences", AbsenceRow, "Clinician,From,Until,Reason\nDr. Example,2027-08-02,2027-08-13,Congress"
    ),
}


@dataclass(frozen=True)
class Line:
    """What comes of one row of the table, as it would be saved after those above it."""

    number: int
    cells: tuple[str, ...]
    outcome: str
    is_wrong: bool = False


class TableForm(StrictForm):
    beside = StrictForm.beside | {calendar_change.SEEN, "save"}

    kind = forms.ChoiceField(
        label="What the table has",
        choices=[(key, kind.label) for key, kind in KINDS.items()],
        widget=forms.RadioSelect,
        initial="hours",
    )
    table = forms.CharField(
        label="The table",
        strip=False,
        # Not max_length, by which browsers cut off what is pasted, without a word.
        validators=[MaxLengthValidator(MOST_CHARACTERS)],
        widget=forms.Textarea({"rows": 12, "spellcheck": "false"}),
        error_messages={"required": NO_ROW},
    )

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if self.is_valid():
            try:
                entered["rows"] = list(_rows_of(entered["table"], KINDS[entered["kind"]]))
            except ValidationError as problem:
                self.add_error("table", problem)
        return entered


class CopyForm(StrictForm):
    beside = StrictForm.beside | {calendar_change.SEEN}

    whose = forms.ModelChoiceField(Clinician.objects.filter(is_active=True), label="Whose week")
    to = forms.ModelMultipleChoiceField(
        Clinician.objects.filter(is_active=True), label="For whom", widget=forms.CheckboxSelectMultiple
    )
    since = forms.DateField(
        label="First day",
        required=False,
        help_text="Empty: from now on.",
        input_formats=["%Y-%m-%d"],
        validators=[validate_year],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if entered.get("whose") in entered.get("to", ()):
            self.add_error("to", "Choose others: these are that clinician’s own hours.")
        return entered


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
def paste(request: StaffRequest) -> HttpResponse:
    """First what each row would do, then, if none is wrong and that is what was shown, all of it or nothing."""
    audit.shows(request)
    form = TableForm(request.POST if request.method == "POST" else None, label_suffix="")
    lines: list[Line] = []
    digest, is_changed = "", False
    if form.is_bound and form.is_valid():
        kind, rows = KINDS[form.cleaned_data["kind"]], form.cleaned_data["rows"]
        lines = _tried(kind, rows)
        digest = hashlib.sha256(repr((kind.label, rows)).encode()).hexdigest()
        is_changed = "save" in request.POST and request.POST["save"] != digest
        if "save" in request.POST and not is_changed and not any(line.is_wrong for line in lines):
            return calendar_change.shown_before(request, lambda: _saved(request, kind, rows))
    is_wrong = bool(form.errors) or any(line.is_wrong for line in lines)
    return staff_page(
        request,
        "paste_hours.html",
        title=f"{'Error: ' if is_wrong or is_changed else ''}Paste hours",
        status=422 if is_wrong else 409 if is_changed else 200,
        form=form,
        lines=lines,
        digest=digest,
        is_changed=is_changed,
        is_wrong=is_wrong,
        kinds=KINDS.values(),
        most_rows=MOST_ROWS,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
def copy(request: StaffRequest) -> HttpResponse:
    audit.shows(request)
    form = CopyForm(request.POST if request.method == "POST" else None, label_suffix="")
    if form.is_bound and form.is_valid():
        return calendar_change.shown_before(request, lambda: _copied(request, **form.cleaned_data))
    title = f"{'Error: ' if form.errors else ''}Copy a week"
    return staff_page(request, "copy_hours.html", title=title, status=422 if form.errors else 200, form=form)


def _label(name: str, field: forms.Field) -> str:
    return str(field.label or name.replace("_", " ").capitalize())


def _rows_of(table: str, kind: Kind) -> Iterator[tuple[int, tuple[str, ...], dict[str, str]]]:
    """The number, the cells and what they say by field, of each row that is not empty."""
    table = table.lstrip("\ufeff")
    if not table.strip():
        raise ValidationError(NO_ROW)
    separator = max(SEPARATORS, key=table.lstrip().splitlines()[0].count)
    reader = csv.reader(StringIO(table, newline=""), delimiter=separator, strict=True)
    try:
        named = next((cells for cells in reader if any(map(str.strip, cells))), None)
        if named is None:
            raise ValidationError(NO_ROW)
        header = [cell.strip().lower() for cell in named]
        if unknown := [cell for cell in header if cell not in kind.columns]:
            raise ValidationError(f"{unknown[0][:60] or 'An empty cell'} is no column. These are: {kind.headers}.")
        if len(set(header)) < len(header):
            raise ValidationError("A column is there twice.")
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise ValidationError(f"At most {MOST_ROWS} rows can be pasted at once.")
            if len(cells) > len(header):
                raise ValidationError(f"Line {reader.line_num} has more cells than there are columns.")
            typed = {kind.columns[column]: cell for column, cell in zip(header, cells, strict=False)}
            yield reader.line_num, tuple(cells), typed
        if not count:
            raise ValidationError("There is no row below the names of the columns.")
    except csv.Error as error:
        problem = f"Line {reader.line_num} cannot be read as a table: {error}. Look at its quotation marks."
        raise ValidationError(problem) from None


class _OnlyTried(Exception):
    pass


def _tried(kind: Kind, rows: list) -> list[Line]:
    """What would come of each row, each seeing those above it. Nothing of it stays."""
    lines: list[Line] = []
    try:
        with audit.atomic():
            for number, cells, typed in rows:
                outcome, is_wrong = _put(kind.form(typed))
                lines.append(Line(number, cells, outcome, is_wrong))
            raise _OnlyTried
    except _OnlyTried:
        return lines


def _put(form: Row) -> tuple[str, bool]:
    """Store the row if it can be; say what came of it, and whether it was refused."""
    before = _known()
    try:
        if not form.is_valid():
            raise ValidationError({_label(name, form.fields[name]): words for name, words in form.errors.items()})
        row = form.row()
        if row is None:
            return (MADE if _known() != before else THERE), False
        same = {field.attname: getattr(row, field.attname) for field in row._meta.fields if field.name != "id"}
        if type(row)._default_manager.filter(**same).exists():
            return THERE, False
        row.full_clean()
        row.save()
    except ValidationError as problem:
        return " ".join(_in_words(problem)), True
    # So that a slip in a name is seen before it makes somebody who is not there.
    made = [f"a new {name}" for name, count in _known().items() if count > before[name]]
    return f"{MADE}, with {' and '.join(made)}" if made else MADE, False


def _known() -> dict[str, int]:
    return {"clinician": Clinician.objects.count(), "location": Place.objects.count()}


def _in_words(problem: ValidationError) -> Iterator[str]:
    for where, words in problem.message_dict.items():
        column = "Location" if where == "place" else where.replace("_", " ").capitalize()
        yield " ".join(words) if where == "__all__" else f"{column}: {' '.join(words)}"


def _saved(request: StaffRequest, kind: Kind, rows: list) -> HttpResponse:
    outcomes = [_put(kind.form(typed))[0] for _number, _cells, typed in rows]
    there = outcomes.count(THERE)
    messages.success(request, f"Saved: {len(outcomes) - there} new, {there} were there already.")
    return redirect(_list_of(kind))


def _list_of(kind: Kind) -> str:
    return f"admin:appointments_{'absence' if kind.form is AbsenceRow else 'consultinghours'}_changelist"


def _copied(
    request: StaffRequest, whose: Clinician, to: list[Clinician], since: datetime.date | None
) -> HttpResponse:
    made, left_out = 0, []
    begins = since or timezone.localdate()
    for hours in whose.consulting_hours.all():
        if hours.until and hours.until < begins:
            continue
        for clinician in to:
            first = max(filter(None, (hours.since, since)), default=None)
            copied = ConsultingHours(
                clinician=clinician,
                place=hours.place,
                weekday=hours.weekday,
                starts=hours.starts,
                ends=hours.ends,
                since=first,
                until=hours.until,
            )
            try:
                copied.full_clean()
            except ValidationError:
                left_out.append(f"{copied}")
                continue
            copied.save()
            made += 1
    messages.success(request, f"Copied: {made} new.")
    if left_out:
        messages.warning(request, f"Left out, because they overlap hours that are there: {'; '.join(left_out)}.")
    return redirect("admin:appointments_consultinghours_changelist")
