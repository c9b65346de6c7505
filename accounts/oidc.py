"""What goes to and fro between us and the clinic's identity provider, by OpenID Connect; Authlib checks it.

The code flow with PKCE, a state and a nonce, and logout tokens (OpenID Connect Back-Channel Logout 1.0).
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

# Loaded when it is first needed: that takes a second, and most clinics have no identity provider.
if TYPE_CHECKING:
    from authlib.integrations.django_client import DjangoOAuth2App

logger = logging.getLogger(__name__)

# What the provider says of itself is read again after so long, and its keys also when it names a new one.
REMEMBERED_SECONDS = 3600
# So far its clock may be from ours.
SKEW = timedelta(minutes=1)
# Those by which nobody who knows no private key can sign; "none" and those of shared secrets are not among them.
SIGNED_BY = frozenset(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"))
LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"
DENIED = frozenset(("access_denied", "login_required", "interaction_required", "consent_required"))


class Away(Exception):
    """The provider does not answer, or says that it cannot."""


class Denied(Exception):
    """The provider has let nobody in."""


class Unproven(Exception):
    """What came back proves nothing: it is too old, was begun in another browser, or is not what was agreed."""


@dataclass(frozen=True)
class Proof:
    """Who the provider says it is. `for_user` is whom a fresh proof was asked of; None when somebody signs in."""

    claims: Mapping[str, Any]
    next_page: str
    for_user: int | None

    @property
    def subject(self) -> str:
        return str(self.claims["sub"])

    @property
    def session(self) -> str:
        return str(self.claims.get("sid") or "")

    @property
    def given_at(self) -> datetime | None:
        """When they last showed the provider who they are; None where it does not say."""
        at = self.claims.get("auth_time")
        try:
            return (
                datetime.fromtimestamp(at, tz=timezone.get_default_timezone())
                if isinstance(at, int | float)
                else None
            )
        except (ValueError, OverflowError):
            # Some say it in milliseconds.
            return None

    @property
    def has_second_factor(self) -> bool:
        said = {"*", *_listed(self.claims.get("amr")), *_listed(self.claims.get("acr"))}
        return bool(said & {*settings.SSO_SECOND_FACTOR})

    @property
    def groups(self) -> list[str]:
        return _listed(self.claims.get(settings.SSO_GROUPS_CLAIM))


@dataclass(frozen=True)
class LoggedOut:
    """Whose session ended at the provider, and which; all of theirs if it does not say."""

    subject: str
    session: str
    at: datetime


def ask(request: HttpRequest, *, next_page: str, for_user: int | None = None) -> HttpResponse:
    """Leads to the provider: to sign in, or for a fresh proof that it is this user. Raises Away."""
    # Some heed the one and some the other; the time that comes back tells whether it was done.
    how = {} if for_user is None else {"max_age": 0, "prompt": "login"}
    with _troubles_told():
        client, where = _client(), _leads_back_to()
        asked = client.create_authorization_url(where, **how)
        client.save_authorize_data(
            request, redirect_uri=where, next=next_page, for_user=for_user, asked_at=time.time(), **asked
        )
    return HttpResponse(status=302, headers={"Location": asked["url"]})


def answer(request: HttpRequest) -> Proof:
    """What the provider has sent the browser back with. It counts once. Raises Away, Denied or Unproven."""
    with _troubles_told():
        client = _client()
        kept = client.framework.get_state_data(request.session, request.GET.get("state", "")) or {}
        # It looks at the state, and at issuer, audience, nonce, signature and times of the token.
        expected = {"iss": {"values": [settings.SSO_ISSUER]}, "aud": {"values": [settings.SSO_CLIENT_ID]}}
        token = client.authorize_access_token(request, claims_options=expected)
        claims = dict(token.get("userinfo") or {})
        if not claims.get("sub"):
            raise Unproven("There is no ID token.")
        if settings.SSO_GROUPS_CLAIM not in claims and client.server_metadata.get("userinfo_endpoint"):
            claims = {**_more_about(client, token, claims["sub"]), **claims}
    proof = Proof(claims, kept["next"], kept["for_user"])
    asked_at = datetime.fromtimestamp(kept["asked_at"], tz=timezone.get_default_timezone())
    if proof.for_user is not None and (proof.given_at is None or proof.given_at < asked_at - SKEW):
        raise Unproven("The provider did not ask again.")
    return proof


def logged_out(text: str) -> LoggedOut:
    """What a logout token says. Raises Away or Unproven."""
    with _troubles_told():
        client = _client()
        claims = _decoded(client, text)
        now = timezone.now()
        at = datetime.fromtimestamp(claims["iat"], tz=timezone.get_default_timezone())
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        is_ours = claims["iss"] == settings.SSO_ISSUER and settings.SSO_CLIENT_ID in audience
        is_timely = now - 10 * SKEW < at < now + SKEW
        # An ID token has a nonce and no event, so that it never passes for one of these.
        if not is_ours or not is_timely or LOGGED_OUT not in claims["events"] or "nonce" in claims:
            raise Unproven("This is no logout token for us.")
        subject, session = str(claims.get("sub") or ""), str(claims.get("sid") or "")
        if not subject and not session:
            raise Unproven("It does not say whose session has ended.")
        return LoggedOut(subject, session, at)


@contextmanager
def _troubles_told() -> Iterator[None]:
    """What the library raises, as one of ours. Its words are not passed on: some quote what was sent."""
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.django_client import OAuthError
    from joserfc.errors import JoseError
    from requests import RequestException

    try:
        yield
    except RequestException as trouble:
        logger.error("The identity provider does not answer: %s", type(trouble).__name__)
        raise Away from trouble
    except OAuthError as trouble:
        if trouble.error in DENIED:
            raise Denied from trouble
        if trouble.error in ("server_error", "temporarily_unavailable"):
            raise Away from trouble
        logger.warning("We and the identity provider do not believe each other: %s", type(trouble).__name__)
        raise Unproven from trouble
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, ArithmeticError, RuntimeError) as trouble:
        logger.warning("What the identity provider sent proves nothing: %s", type(trouble).__name__)
        raise Unproven from trouble


def _client() -> "DjangoOAuth2App":
    """Asks the provider about itself once an hour."""
    client = _made_client(
        settings.SSO_ISSUER,
        settings.SSO_CLIENT_ID,
        settings.SSO_CLIENT_SECRET,
        int(time.monotonic() // REMEMBERED_SECONDS),
    )
    about = client.load_server_metadata()
    if about["issuer"] != settings.SSO_ISSUER:
        raise Unproven("The provider calls itself by another name than SSO_ISSUER.")
    offered = about.get("id_token_signing_alg_values_supported", ["RS256"])
    about["id_token_signing_alg_values_supported"] = sorted(SIGNED_BY & {*offered})
    if not about["id_token_signing_alg_values_supported"] or not _is_address(about["authorization_endpoint"]):
        raise Unproven("The provider signs in no way that proves anything, or does not say where to sign in.")
    return client


def _is_address(said: object) -> bool:
    return isinstance(said, str) and said.startswith(("https://", "http://"))


@lru_cache(maxsize=1)
def _made_client(issuer: str, client_id: str, secret: str, hour: int) -> "DjangoOAuth2App":
    from authlib.integrations.django_client import OAuth

    return OAuth().register(
        "provider",
        client_id=client_id,
        client_secret=secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": " ".join(("openid", *settings.SSO_SCOPES)),
            "code_challenge_method": "S256",
            "default_timeout": settings.SSO_TIMEOUT,
        },
    )


def _leads_back_to() -> str:
    return f"{settings.SITE_URL}{reverse('admin:sso_back')}"


def _more_about(client: "DjangoOAuth2App", token: dict, subject: str) -> dict:
    """What the provider tells on asking. What it says of somebody else does not count."""
    told = client.userinfo(token=token)
    if told.get("sub") != subject:
        raise Unproven("The provider told of somebody else.")
    return dict(told)


def _decoded(client: "DjangoOAuth2App", text: str) -> dict:
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError
    from joserfc.jwk import KeySet
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(
        algorithms=client.server_metadata["id_token_signing_alg_values_supported"], strict_check_header=False
    )
    try:
        return jwt.decode(text, KeySet.import_key_set(client.fetch_jwk_set()), registry=registry).claims
    except InvalidKeyIdError:
        return jwt.decode(text, KeySet.import_key_set(client.fetch_jwk_set(force=True)), registry=registry).claims


def _listed(claim: object) -> list[str]:
    """Providers send one word, several in a text, or a list."""
    if isinstance(claim, str):
        return [claim]
    return [str(one) for one in claim] if isinstance(claim, list | tuple) else []
