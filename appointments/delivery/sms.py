"""Sends text messages, by whichever sender the setting TEXTS names, honours STOP and answers HELP.

A sender has one method: `send(phone, words)`, with the phone in the form +12125550100; it raises Failure.
"""

import base64
import hashlib
import hmac
import http.client
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

from django.conf import settings
from django.utils.crypto import constant_time_compare

from ..models import Message, TextOptOut
from . import rendering
from .failures import Failure, Rejected, Unavailable

# What people answer to end texts, and to have them again.
STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "alto", "parar", "baja"}
# Whatever comes after them. The Spanish ones are what people say of their backs, too.
STOP_AT_FIRST = {"stop", "stopall", "unsubscribe"}
COURTESY = {"please", "thank", "thanks", "you", "por", "favor", "gracias"}
START = {"start", "unstop", "alta"}
# Whatever comes after them: somebody may text what they need help with.
HELP = {"help": "en", "info": "en", "ayuda": "es"}


class StayHere(urllib.request.HTTPRedirectHandler):
    """Our secret, the number and the words are for the address that the operator named, and no other."""

    def redirect_request(self, *arguments: object) -> None:
        return None


OPENER = urllib.request.build_opener(StayHere)


class ConsoleTexts:
    """For development: prints what would be sent."""

    def send(self, phone: str, words: str) -> None:
        sys.stdout.write(f"Text to {phone}: {words}\n")


class TwilioTexts:
    """Sends by the HTTP interface of Twilio, which other providers offer too; TEXTS_URL says where."""

    # The provider's code for somebody who told the provider itself to stop.
    STOPPED = 21610

    def send(self, phone: str, words: str) -> None:
        account = settings.TEXTS_ACCOUNT
        secret = base64.b64encode(f"{account}:{settings.TEXTS_TOKEN}".encode()).decode()
        order = urllib.request.Request(  # noqa: S310  # the address is the operator's
            f"{settings.TEXTS_URL}/2010-04-01/Accounts/{account}/Messages.json",
            data=urllib.parse.urlencode({"To": phone, "From": settings.TEXTS_FROM, "Body": words}).encode(),
            headers={"Authorization": f"Basic {secret}"},
        )
        try:
            # Do not read the body: the provider has accepted the message, and an error here would send it again.
            with OPENER.open(order, timeout=_longest_step()):
                pass
        except urllib.error.HTTPError as error:
            raise self._failure(phone, error) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"no connection to the text provider ({type(error).__name__})") from None

    def _failure(self, phone: str, error: urllib.error.HTTPError) -> Failure:
        try:
            code = json.loads(error.read(10_000)).get("code")
        except (ValueError, AttributeError, OSError, http.client.HTTPException):
            code = None
        if code == self.STOPPED:
            TextOptOut.objects.add(phone)
            return Rejected("the patient answered STOP")
        if error.code in (401, 403, 429) or error.code >= 500:
            return Unavailable(f"the text provider does not serve us ({error.code})")
        return Rejected(f"the text provider refused the message ({error.code})")


SENDERS: dict[str, type[ConsoleTexts | TwilioTexts]] = {"console": ConsoleTexts, "twilio": TwilioTexts}


class TextSender:
    """Sends messages as texts, except to those who said STOP. `connect` is there because e-mail needs it."""

    def connect(self) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, message: Message) -> None:
        phone = message.its_request.phone
        if ";" in phone:
            raise Rejected("a phone with an extension gets no texts")
        if not message.its_request.texts_ok or TextOptOut.objects.has(phone):
            raise Rejected("the patient wants no texts any more")
        if settings.TEXTS not in SENDERS:
            raise Rejected("texts are switched off")
        SENDERS[settings.TEXTS]().send(phone, rendering.text(message))


def answered(phone: str, words: str) -> str:
    """Do what somebody who answered a text asks for, if it is STOP or START; what to say to HELP, or nothing."""
    meant = [word for word in re.findall(r"[^\W\d_]+", words.lower()) if word not in COURTESY]
    word = "".join(meant)
    if word in STOP or STOP_AT_FIRST.intersection(meant[:1]):
        TextOptOut.objects.add(phone)
    elif word in START:
        TextOptOut.objects.forget(phone)
    elif language := HELP.get(meant[0] if meant else ""):
        return rendering.help_text(language)
    return ""


def _longest_step() -> float:
    """Seconds. To connect, agree on a key, send and wait for the answer then take SEND_SECONDS at most, as a rule."""
    return min(settings.EMAIL_TIMEOUT, settings.SEND_SECONDS / 4)


def is_from_provider(url: str, form: dict[str, str], signature: str) -> bool:
    """Whether the provider signed a call of `url`: by a key that only it and we have."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(settings.TEXTS_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    return constant_time_compare(base64.b64encode(digest).decode(), signature)
