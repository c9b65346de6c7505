"""Who the provider says somebody is: which account of ours that is, what they may do here, and when that ends.

Roles follow from their groups there, anew at each sign-in. Whoever is in none of ours any more is no longer staff.
"""

import re
from itertools import chain, count

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from . import sessions, signals
from .models import AccountSession, ProviderIdentity
from .oidc import SKEW, LoggedOut, Proof

BACKEND = "accounts.throttling.Backend"


class NotStaff(Exception):
    """The provider knows them. We do not let them in; the message says why, to them."""


class SomebodyElse(Exception):
    """A fresh proof came, and it is of another person."""


def sign_in(request: HttpRequest, proof: Proof) -> None:
    """Begins a session with what their groups allow. Raises NotStaff."""
    groups = Group.objects.filter(name__in={settings.SSO_GROUPS.get(group) for group in proof.groups} - {None})
    user = _account_of(proof, make=groups.exists())
    if user is not None:
        _bring_up_to_date(user, proof, groups)
    if user is None or not user.is_staff or not user.is_active:
        signals.refused_after_provider.send(User, request=request, user=user, at=settings.SSO_NAME)
        why = "is locked here" if user is not None and not user.is_active else "has no role here"
        raise NotStaff(f"Your account {why}.")
    request.signed_in_at = settings.SSO_NAME  # type: ignore[attr-defined]  # the audit reads it by getattr
    login(request, user, backend=BACKEND)
    sessions.note_provider(request, session=proof.session, has_second_factor=proof.has_second_factor)
    if proof.given_at and proof.has_second_factor:
        sessions.note_proven(request, proof.given_at)


def prove_again(request: HttpRequest, proof: Proof) -> None:
    """Counts as a code given just now. Raises SomebodyElse."""
    user = request.user
    identity = ProviderIdentity.objects.filter(issuer=settings.SSO_ISSUER, subject=proof.subject).first()
    is_the_same = user.is_authenticated and user.pk == proof.for_user and identity and identity.user_id == user.pk
    if not is_the_same or proof.given_at is None:
        raise SomebodyElse
    sessions.note_proven(request, proof.given_at)
    signals.proven_by_provider.send(User, request=request, user=user, at=settings.SSO_NAME)


def end(ended: LoggedOut) -> None:
    """Ends here what has ended there; not what began here since, so that an old token ends nothing new."""
    theirs = AccountSession.objects.filter(
        user__provider_identity__issuer=settings.SSO_ISSUER, created_at__lte=ended.at + SKEW
    )
    if ended.subject:
        theirs = theirs.filter(user__provider_identity__subject=ended.subject)
    if ended.session:
        theirs = theirs.filter(provider_session=ended.session)
    users = list(User.objects.filter(account_sessions__in=theirs).distinct())
    theirs.delete()
    for user in users:
        signals.ended_by_provider.send(User, user=user, at=settings.SSO_NAME)


def _account_of(proof: Proof, *, make: bool) -> User | None:
    """The account of this subject, made when there is none; never one that only has the same name."""
    known = ProviderIdentity.objects.filter(issuer=settings.SSO_ISSUER, subject=proof.subject).select_related("user")
    if (identity := known.first()) or not make:
        return identity.user if identity else None
    try:
        with transaction.atomic():
            user = User(username=_free_username(proof))
            user.set_unusable_password()
            user.save()
            ProviderIdentity.objects.create(user=user, issuer=settings.SSO_ISSUER, subject=proof.subject)
            return user
    except IntegrityError:
        # They have just come in by another browser, too.
        return known.get().user


def _bring_up_to_date(user: User, proof: Proof, groups: QuerySet[Group]) -> None:
    now = {
        "first_name": str(proof.claims.get("given_name") or "")[:150],
        "last_name": str(proof.claims.get("family_name") or "")[:150],
        "is_staff": groups.exists(),
    }
    with transaction.atomic():
        # Each change of an account is an entry of the audit, and that of `is_staff` ends sessions.
        if any(getattr(user, name) != value for name, value in now.items()):
            for name, value in now.items():
                setattr(user, name, value)
            user.save(update_fields=[*now])
        user.groups.set(groups)


def _free_username(proof: Proof) -> str:
    wanted = str(proof.claims.get("preferred_username") or proof.claims.get("email") or proof.subject)
    name = re.sub(r"[^\w.@+-]+", "-", wanted)[:140]
    there = User.objects.filter(username__istartswith=name).values_list("username", flat=True)
    taken = {one.casefold() for one in (*there, *settings.SSO_BREAK_GLASS)}
    numbered = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(one for one in numbered if one.casefold() not in taken)
