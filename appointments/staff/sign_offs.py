"""Who has signed the rules and each language: to see, to record a signature on paper, and to withdraw one."""

import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.languages import language_or_english
from common.strict_form import StrictForm
from screening import sign_off
from screening.models import SignOff
from screening.pathways import FIRST, OFFERED, PATHWAYS

from ..fields import validate_year
from ..roles import RECORD_SIGN_OFF, SEE_SIGN_OFFS
from .pages import needs, staff_page

ATTESTS = {
    True: "I have read the rules and every sentence that patients read. They may be shown to our patients.",
    False: "I am a qualified translator. I have read every sentence in this language beside the English.",
}


def about_in_words(about: str) -> str:
    if pathway := PATHWAYS.get(about):
        return f"The rules, and every sentence: {pathway.name}"
    return f"The translation: {language_or_english(about).name}"


def a_year_later(day: datetime.date) -> datetime.date:
    # There is no February 29 a year later.
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year + 1, day=last)


def words(label: str, most: int, *, required: bool = True, rows: int = 1, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea({"rows": rows}) if rows > 1 else forms.TextInput({"autocomplete": "off"})
    missing = {"required": f"Write down: {label.lower()}."}
    return forms.CharField(
        label=label, max_length=most, required=required, widget=widget, help_text=help_text, error_messages=missing
    )


def day(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d"],
        validators=[validate_year],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        required=required,
        help_text=help_text,
        error_messages={"required": "Choose the day.", "invalid": "Choose a day."},
    )


class SignOffForm(StrictForm):
    """`fingerprint` is that of the text which was shown, so that nobody signs one that changed meanwhile."""

    about = forms.ChoiceField(label="What was signed")
    fingerprint = words("Fingerprint of the text that was signed", 12, help_text="It stands at the end of that text.")
    name = words("Name", 120)
    role = words("Role", 120, help_text="For example: interventional spine surgeon, certified medical translator.")
    licence = words("License or certificate", 120)
    attests = words("What is attested", 1000, rows=3)
    conditions = words("Conditions", 1000, required=False, rows=2, help_text="Only if the signature has some.")
    second_reader = words("Second reader, with role and license", 240, required=False)
    date = day("Signed on")
    valid_until = day("Valid until", required=False, help_text="A year from then, if you leave it empty.")
    evidence = forms.CharField(
        label="SHA-256 of the signed file",
        max_length=64,
        validators=[RegexValidator(r"^[0-9a-f]{64}$", "It has 64 characters: 0 to 9 and a to f.")],
        error_messages={"required": "Enter the 64 characters that stand for the signed file."},
        help_text="Keep the file where the clinic keeps such papers. Windows: certutil -hashfile FILE SHA256. "
        "Mac: shasum -a 256 FILE. Linux: sha256sum FILE.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice_field("about").choices = [(about, about_in_words(about)) for about in sign_off.to_sign()]

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        about, signed = entered.get("about"), entered.get("date")
        if about and "fingerprint" in entered and entered["fingerprint"] != sign_off.fingerprint_of(about):
            self.add_error("fingerprint", "This is not the text as it is now. Only what is shown now can be signed.")
        if signed and signed > timezone.localdate():
            self.add_error("date", "Choose a day that is not in the future.")
        if signed and not entered.get("valid_until"):
            entered["valid_until"] = a_year_later(signed)
        if signed and entered["valid_until"] <= signed:
            self.add_error("valid_until", "Choose a day after the signature.")
        return entered


class WithdrawalForm(StrictForm):
    withdrawal_reason = words("Why it is withdrawn", 240)


@needs(SEE_SIGN_OFFS)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, _blank(request))
    if not request.user.has_perm(RECORD_SIGN_OFF):
        raise PermissionDenied
    form = SignOffForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    with audit.atomic():
        # A translation is of every pathway; by the version of the first it is told when it was made.
        version = PATHWAYS.get(form.cleaned_data["about"], FIRST).version
        recorded = SignOff.objects.create(**form.cleaned_data, version=version, recorded_by=request.user)
        audit.record(AuditEntry.Action.CHANGE, details=f"sign-off {recorded.pk} recorded")
    sign_off.look_again()
    messages.success(request, f"Recorded: {about_in_words(recorded.about)}, valid until {recorded.valid_until}.")
    return redirect("admin:sign_offs")


@needs(RECORD_SIGN_OFF)
@require_POST
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    form = WithdrawalForm(request.POST)
    if not form.is_valid():
        return _page(request, _blank(request), withdrawing=(pk, form), status=422)
    standing = SignOff.objects.filter(pk=pk, withdrawn_at=None)
    with audit.atomic():
        if standing.update(**form.cleaned_data, withdrawn_at=timezone.now(), withdrawn_by=request.user):
            audit.record(AuditEntry.Action.CHANGE, details=f"sign-off {pk} withdrawn")
    sign_off.look_again()
    messages.success(request, "It is withdrawn.")
    return redirect("admin:sign_offs")


def _blank(request: StaffRequest) -> SignOffForm:
    asked = request.GET.get("about", FIRST.key)
    about = asked if asked in sign_off.to_sign() else FIRST.key
    return SignOffForm(
        initial={
            "about": about,
            "attests": ATTESTS[about in PATHWAYS],
            "date": timezone.localdate(),
            "valid_until": a_year_later(timezone.localdate()),
        }
    )


def _page(
    request: StaffRequest,
    form: SignOffForm,
    *,
    withdrawing: tuple[int, WithdrawalForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    audit.shows(request)
    return staff_page(
        request,
        "sign_offs.html",
        title=f"{'Error: ' if status >= 400 else ''}Sign-offs",
        status=status,
        form=form,
        may_record=request.user.has_perm(RECORD_SIGN_OFF),
        pathways=OFFERED,
        to_sign=[
            (about_in_words(about), sign_off.fingerprint_of(about), sign_off.in_force(about))
            for about in sign_off.to_sign()
        ],
        recorded=[
            (one, about_in_words(one.about), _state(one), _withdrawal(one, withdrawing))
            for one in SignOff.objects.select_related("recorded_by", "withdrawn_by")
        ],
    )


def _state(one: SignOff) -> str:
    return one.state_on(timezone.localdate(), sign_off.fingerprint_of(one.about))


def _withdrawal(one: SignOff, withdrawing: tuple[int, WithdrawalForm] | None) -> WithdrawalForm | None:
    if one.withdrawn_at:
        return None
    if withdrawing and withdrawing[0] == one.pk:
        return withdrawing[1]
    return WithdrawalForm(label_suffix="", auto_id=f"withdraw_{one.pk}_%s")
