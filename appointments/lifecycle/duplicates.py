"""Finds requests that may be of one person, and keeps what staff decided about them."""

import datetime
import re
from difflib import SequenceMatcher

from django.db.models import Q
from django.utils import timezone

from appointments.models import AppointmentRequest, PossibleDuplicate
from appointments.search import folded

CLOSED_WITHIN = datetime.timedelta(days=90)
# Somebody who sends hundreds of requests must not make each next one costlier.
MOST_CANDIDATES = 100
MOST_WORDS = 8
ALIKE = 0.8
# Written as one word, two names are longer, and one letter weighs less.
ALIKE_AS_ONE_WORD = 0.9
SHORTEST_SHORT_FORM = 3
TITLES = frozenset(("mr", "mrs", "ms", "miss", "dr", "jr", "sr", "sra", "ii", "iii"))

Decision = PossibleDuplicate.Decision


def look_for(request: AppointmentRequest) -> None:
    """Remember with which other requests this one may be of one person; those closed long ago do not count.

    Of two procedures, nothing has to be decided: both are kept, and each tells of the other.

    Costs one SELECT, and one INSERT if there are any. To be called when the request is stored, so that of two which
    are sent at once at least one finds the other.
    """
    not_long_ago = Q(closed_at=None) | Q(closed_at__gt=timezone.now() - CLOSED_WITHIN)
    candidates = (
        AppointmentRequest.objects.filter(_shares_something(request), not_long_ago)
        .exclude(pk=request.pk)
        .only("name", "date_of_birth", "phone", "email", "pathway")
        .order_by("-pk")[:MOST_CANDIDATES]
    )
    pairs = []
    for other in candidates:
        if reasons := reasons_to_ask(request, other):
            earlier, later = sorted((request, other), key=lambda one: one.pk)
            decision = Decision.OPEN if other.pathway == request.pathway else Decision.OTHER
            words = ", ".join(reasons)
            pairs.append(PossibleDuplicate(earlier=earlier, later=later, reasons=words, decision=decision))
    PossibleDuplicate.objects.bulk_create(pairs, ignore_conflicts=True)


def reasons_to_ask(one: AppointmentRequest, other: AppointmentRequest) -> list[str]:
    """Why these two may be of one person, in words without what was typed; nothing if they seem to be of two.

    A phone or an e-mail alone says little, because families share them.
    """
    words, others = _words(one.name), _words(other.name)
    same_birthday = one.date_of_birth == other.date_of_birth
    similar_birthday = same_birthday or _is_mistyped(one.date_of_birth, other.date_of_birth)
    same_phone = one.phone == other.phone
    same_email = bool(one.email) and one.email.casefold() == other.email.casefold()
    similar_name = _are_similar(words, others)
    # A first name alone is enough only for people born on one day, one of whom may have married.
    same_first_name = _likeness(words[0], others[0]) >= ALIKE

    is_likely = (
        (same_birthday and (similar_name or same_first_name or same_phone or same_email))
        or (similar_name and (same_phone or same_email))
        or (similar_birthday and same_phone)
    )
    if not is_likely:
        return []
    reasons = {
        "same birthday": same_birthday,
        "birthday that differs in one part": similar_birthday and not same_birthday,
        "same phone": same_phone,
        "same e-mail": same_email,
        "same name": sorted(words) == sorted(others),
        "similar name": similar_name and sorted(words) != sorted(others),
        "same or similar first name": same_first_name and not similar_name,
    }
    return [reason for reason, holds in reasons.items() if holds]


def pairs_of(request: AppointmentRequest) -> list[tuple[PossibleDuplicate, AppointmentRequest]]:
    """Each pair with this request that is not dismissed, and the other request in it. Costs one statement."""
    pairs = PossibleDuplicate.objects.exclude(decision=Decision.DIFFERENT).select_related("earlier", "later")
    return [
        (pair, pair.later if pair.earlier_id == request.pk else pair.earlier)
        for pair in pairs.filter(Q(earlier=request) | Q(later=request)).order_by("pk")
    ]


def _shares_something(request: AppointmentRequest) -> Q:
    """By equality only, for which there are indexes."""
    shares = Q(date_of_birth=request.date_of_birth) | Q(phone=request.phone)
    if request.email:
        small = request.email.lower()
        # Phones begin a field with a capital. The index has no empty ones, and SQLite wants that to be said.
        shares |= Q(email__in={request.email, small, small.capitalize()}) & ~Q(email="")
    return shares


def _is_mistyped(one: datetime.date, other: datetime.date) -> bool:
    differing = sum(getattr(one, part) != getattr(other, part) for part in ("day", "month", "year"))
    swapped = (one.day, one.month, one.year) == (other.month, other.day, other.year)
    return differing == 1 or swapped


def _words(name: str) -> list[str]:
    words = re.findall(r"\w+", re.sub("['’`]", "", folded(name)))
    return ([word for word in words if word not in TITLES] or words or [""])[:MOST_WORDS]


def _are_similar(one: list[str], other: list[str]) -> bool:
    """Whether the longer name has all words of the shorter one, in any order and with typing mistakes."""
    if _ratio("".join(one), "".join(other)) >= ALIKE_AS_ONE_WORD:
        return True
    shorter, longer = sorted((one, other), key=len)
    left = list(longer)
    # Initials come last, because they fit many words.
    for word in sorted(shorter, key=len, reverse=True):
        likeness, best = max((_likeness(word, candidate), candidate) for candidate in left)
        if likeness < ALIKE:
            return False
        left.remove(best)
    return True


def _likeness(one: str, other: str) -> float:
    """From 0 to 1; an initial or a short form is as good as a name that is just alike."""
    short, long = sorted((one, other), key=len)
    is_short_form = long.startswith(short) and (len(short) == 1 or len(short) >= SHORTEST_SHORT_FORM)
    return max(_ratio(one, other), ALIKE if is_short_form else 0)


def _ratio(one: str, other: str) -> float:
    # It depends on the order of the two.
    first, second = sorted((one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
