"""Puts requests into a colleague's hands: those that somebody holds or has promised to call, or the queue's first."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery, prefetch_related_objects
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.languages import language_or_english
from common.strict_form import StrictForm
from screening.pathways import URGENCIES

from ..lifecycle.definition import ASSIGN, LIFECYCLE, RELEASE, UNDO
from ..lifecycle.guards import FREE, LAPSED
from ..lifecycle.transition import Refused, changes_since, perform, what_happened_meanwhile
from ..models import AppointmentRequest, AppointmentRequestQuerySet, ContactAttempt, Event, Language
from ..roles import MANAGE, SEE, WORK
from ..worklist import ranking
from .pages import needs, staff_page
from .rows import flags_of, language_of

PROMISED = Q(is_promised=True, claimed_at=None)
# In a list. Each row takes two fields of a form, which may have DATA_UPLOAD_MAX_NUMBER_FIELDS in all.
MOST_ROWS = 40


class ColleagueField(forms.ModelChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(get_user_model().objects.none(), **kwargs)

    def label_from_instance(self, user: User) -> str:
        codes = user.caller.languages if hasattr(user, "caller") else []
        spoken = " and ".join(language_or_english(code).english_name for code in codes)
        return f"{user}, speaks {spoken}" if spoken else f"{user}"


class HandOverForm(StrictForm):
    """`cleaned_data` has nobody in `to` if the requests go back into the queue."""

    beside = StrictForm.beside | {"all", "chosen_only", "release"}
    several = frozenset(("shown", "chosen"))

    to = ColleagueField(label="Hand over to", required=False)
    note = forms.CharField(required=False, max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, data: QueryDict | None = None, *, colleagues: QuerySet[User], to: User | None = None) -> None:
        super().__init__(data, initial={"to": to})
        self.fields["to"].queryset = colleagues  # type: ignore[attr-defined]  # a ModelChoiceField
        self.ticked = {} if data is None else _ticked_in(data)

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if "release" in self.data:
            entered["to"] = None
        elif not entered.get("to") and "to" not in self.errors:
            self.add_error("to", "Choose a colleague.")
        if not self.ticked:
            self.add_error(None, "Choose at least one request.")
        return entered


class PickForm(forms.Form):
    """Which of the queue's requests are to be handed out. It names no patient, so it may stand in an address."""

    to = ColleagueField(label="Colleague")
    which = forms.ChoiceField(
        label="Requests", choices=[("callable", "Callable now by this colleague"), ("waiting", "Held by nobody")]
    )
    priority = forms.ChoiceField(choices=[("", "Any"), *((p, p) for p in URGENCIES)], required=False)
    language = forms.ChoiceField(choices=[("", "Any"), *Language.choices], required=False)
    most = forms.IntegerField(label="How many at most", min_value=1, max_value=MOST_ROWS)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"which": "callable", "most": 10}, auto_id="pick_%s")
        self.fields["to"].queryset = _colleagues()  # type: ignore[attr-defined]  # a ModelChoiceField


@require_http_methods(["GET", "HEAD", "POST"])
@needs(SEE)
def page(request: StaffRequest) -> HttpResponse:
    """What somebody holds and has promised: one's own, or with MANAGE that of any colleague."""
    owner = _owner(request)
    form = HandOverForm(_sent(request), colleagues=_colleagues().exclude(pk=owner.pk))
    # Only from this list, whatever numbers the form names.
    from_list = _with_promises().filter(Q(claimed_by=owner) | Q(PROMISED, promised_by=owner.pk))
    return _hand_over(request, form, from_list, partial(_page, request, owner, form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
def assign(request: StaffRequest) -> HttpResponse:
    """The first requests of the queue that fit what is asked for, to be handed out."""
    pick = PickForm(request.GET or None)
    if not pick.is_valid():
        return _assign_page(request, pick, None, status=400 if pick.is_bound else 200)
    form = HandOverForm(_sent(request), colleagues=_colleagues(), to=pick.cleaned_data["to"])
    from_list = AppointmentRequest.objects.open()
    return _hand_over(request, form, from_list, partial(_assign_page, request, pick, form))


def _hand_over(
    request: StaffRequest,
    form: HandOverForm,
    from_list: QuerySet[AppointmentRequest],
    show: Callable[..., HttpResponse],
) -> HttpResponse:
    """Do what was sent, and `show` the page again if any of it could not be done."""
    if request.method != "POST":
        return show()
    if not request.user.has_perm(WORK):
        raise PermissionDenied
    if not form.is_valid():
        return show(status=422)
    to, note = form.cleaned_data["to"], form.cleaned_data["note"]
    rows = from_list.in_bulk(form.ticked)
    refused = []
    for pk, version in form.ticked.items():
        # Each is handed over for itself, so that one which changed does not hold the others back.
        visit_request = rows.get(pk)
        if visit_request is None or visit_request.version != version:
            stored = AppointmentRequest.objects.filter(pk=pk).first()
            refused.append((stored, _what_changed(stored, version)))
            continue
        try:
            if to:
                perform(ASSIGN, visit_request, by=request.user, to=to, note=note)
            else:
                perform(RELEASE, visit_request, by=request.user, note=note)
        except Refused as refusal:
            refused.append((visit_request, str(refusal)))
    done = f"{len(form.ticked) - len(refused)} {f'handed over to {to}' if to else 'given back to the queue'}."
    if refused:
        return show(refused=refused, done=done, status=409)
    messages.success(request, done)
    return redirect(request.get_full_path())


def _sent(request: StaffRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _what_changed(visit_request: AppointmentRequest | None, version: int) -> str:
    if visit_request is None:
        return "It is not there any more."
    last = changes_since(visit_request, version)[-1:]
    news = [f"{event.by or 'The patient'}: {LIFECYCLE.events.get(event.verb, event.verb)}." for event in last]
    return " ".join([*news, what_happened_meanwhile(visit_request)])


def _ticked_in(data: QueryDict) -> dict[int, int]:
    """The requests that were ticked, or all if that button was pressed, with the versions that the screen showed."""
    pairs = (re.fullmatch(r"([0-9]{1,18})-([0-9]{1,9})", pair) for pair in data.getlist("shown"))
    versions = {match[1]: int(match[2]) for match in pairs if match}
    ticked = versions if "all" in data else data.getlist("chosen")
    return {int(pk): versions[pk] for pk in ticked if pk in versions}


def _owner(request: StaffRequest) -> User:
    """Whose list it is. Raises PermissionDenied or Http404."""
    whose = request.GET.get("whose") or str(request.user.pk)
    if whose == str(request.user.pk):
        return request.user
    if not request.user.has_perm(MANAGE):
        raise PermissionDenied
    return get_object_or_404(get_user_model(), pk=whose if re.fullmatch("[0-9]{1,9}", whose) else 0)


def _colleagues() -> QuerySet[User]:
    """Those who can be given requests."""
    users = get_user_model().objects.with_perm(WORK, is_active=True)
    return users.filter(is_staff=True).select_related("caller").order_by("username")


def _held_by(owner: User) -> AppointmentRequestQuerySet:
    return AppointmentRequest.objects.open().filter(claimed_by=owner)


def _promised_by(owner: User) -> AppointmentRequestQuerySet:
    """Those whose patients wait for a call that `owner` agreed on, as long as nobody holds them."""
    return _with_promises().filter(PROMISED, Q(promised_by=owner.pk))


def _with_promises() -> AppointmentRequestQuerySet:
    """Open requests, with who agreed on the last call-back: `promised_by`."""
    agreed = ContactAttempt.objects.standing().filter(
        request=OuterRef("pk"), outcome=ContactAttempt.CallResult.CALL_BACK
    )
    last = agreed.order_by("-at", "-pk").values("by")[:1]
    return AppointmentRequest.objects.open().annotate(promised_by=Subquery(last))


def _picked(*, to: User, which: str, priority: str, language: str, most: int) -> list[AppointmentRequest]:
    """The first that fit, the most urgent first. Doubtful ones are left to those who look at them."""
    requests = AppointmentRequest.objects.all()
    if priority:
        requests = requests.filter(priority=priority)
    if language:
        requests = requests.filter(language=language)
    if which == "waiting":
        return list(requests.open().filter(FREE.q(to, timezone.now()), is_doubtful=False).in_queue_order()[:most])
    _moment, candidates = ranking.callable_now(to, requests)
    first = [candidate.pk for candidate in islice(candidates, most)]
    found = AppointmentRequest.objects.in_bulk(first)
    return [found[pk] for pk in first if pk in found]


def _page(
    request: StaffRequest, owner: User, form: HandOverForm, *, status: int = 200, **outcome: Any
) -> HttpResponse:
    held = _held_by(owner).in_queue_order()[: MOST_ROWS + 1]
    # In queue order, which has an index; sorting by time would be handier but has none.
    promised = _promised_by(owner).in_queue_order()[: MOST_ROWS + 1]
    lists = [_shown("Held", held, form), _shown("Promised a call", promised, form)]
    _say_what_is_shown(request, lists, outcome)
    return staff_page(
        request,
        "handover.html",
        title=f"{'Error: ' if status >= 400 else ''}Hand-over",
        status=status,
        owner=owner,
        is_own=owner == request.user,
        whose=_whose_form(owner) if request.user.has_perm(MANAGE) else None,
        form=form,
        lists=lists,
        may_work=request.user.has_perm(WORK),
        **outcome,
    )


def _assign_page(
    request: StaffRequest, pick: PickForm, form: HandOverForm | None, *, status: int = 200, **outcome: Any
) -> HttpResponse:
    lists = [_shown("First in the queue", _picked(**pick.cleaned_data), form)] if form else []
    _say_what_is_shown(request, lists, outcome)
    return staff_page(
        request,
        "assign.html",
        title=f"{'Error: ' if status >= 400 else ''}Hand out requests",
        status=status,
        pick=pick,
        form=form,
        lists=lists,
        may_work=request.user.has_perm(WORK),
        **outcome,
    )


def _say_what_is_shown(request: StaffRequest, lists: list[dict], outcome: dict) -> None:
    seen = [row["request"] for shown in lists for row in shown["rows"]]
    refused = [visit_request for visit_request, _reason in outcome.get("refused", ())]
    audit.shows(request, [*seen, *refused], action=AuditEntry.Action.LIST)


def _whose_form(owner: User) -> forms.Form:
    """A choice of all who may work, and of those who no longer may and still have something."""
    holders = AppointmentRequest.objects.open().filter(claimed_by__isnull=False).values("claimed_by")
    wanted = (
        _colleagues().values("pk"),
        holders,
        _with_promises().filter(PROMISED).values("promised_by"),  # type: ignore[misc]  # annotated there
        [owner.pk],
    )
    users = get_user_model().objects.filter(Q(*(("pk__in", some) for some in wanted), _connector=Q.OR))
    form = forms.Form(initial={"whose": owner})
    form.fields["whose"] = forms.ModelChoiceField(users.order_by("username"), label="Whose list", empty_label=None)
    return form


def _shown(heading: str, requests: Iterable[AppointmentRequest], form: HandOverForm) -> dict:
    """A list for the page, with what was ticked before. Costs three statements."""
    found = list(requests)
    agreed = ContactAttempt.objects.standing().filter(outcome=ContactAttempt.CallResult.CALL_BACK)
    steps = Event.objects.standing().exclude(verb=UNDO.event).select_related("by").order_by("version")
    prefetch_related_objects(
        found,
        Prefetch("contact_attempts", agreed, to_attr="agreed_calls"),
        Prefetch("events", steps, to_attr="steps"),
    )
    return {
        "heading": heading,
        "rows": [_row(visit_request, form) for visit_request in found[:MOST_ROWS]],
        "is_cut": len(found) > MOST_ROWS,
    }


def _row(visit_request: AppointmentRequest, form: HandOverForm) -> dict:
    # Prefetched by _shown.
    agreed = visit_request.agreed_calls if visit_request.is_promised else []  # type: ignore[attr-defined]
    return {
        "request": visit_request,
        "is_ticked": visit_request.pk in form.ticked,
        "language": language_of(visit_request),
        "flags": flags_of(visit_request),
        "has_lapsed": LAPSED.holds(visit_request, None, timezone.now()),
        "agreed": agreed[-1] if agreed else None,
        "handed": _handed_to_holder(visit_request),
    }


def _handed_to_holder(visit_request: AppointmentRequest) -> Event | None:
    """The assignment by which the present holder got it; None if somebody else has held it since."""
    for step in reversed(visit_request.steps):  # type: ignore[attr-defined]  # prefetched by _shown
        if step.verb == ASSIGN.event:
            return step if visit_request.claimed_by_id else None
        if step.before.get("claimed_by_id", visit_request.claimed_by_id) != visit_request.claimed_by_id:
            return None
    return None
