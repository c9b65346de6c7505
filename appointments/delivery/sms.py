"""Sends text messages, by whichever sender the setting TEXTS names, honours STOP and answers HELP.

A sender has two methods, with the phone in the form +12125550100; both raise Failure. `send(phone, words, callback)`
sends, and has what becomes of it told to that address; `has(phone, words, since)` says whether that was done.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from common.languages import LANGUAGES

from ..lifecycle.announce import ways_to_reach
from ..models import AppointmentRequest, Message, TextOptOut
from . import rendering
from .arrivals import wait_no_longer
from .failures import Failure, Needless, NoAnswer, Rejected, Unavailable, number_of, pause_of

# What people answer to end texts, and to have them again.
STOP = frozenset().union(*(language.stop_words for language in LANGUAGES))
# Whatever comes after them. The Spanish ones are what people say of their backs, too.
STOP_AT_FIRST = {"stop", "stopall", "unsubscribe"}
COURTESY = {"please", "thank", "thanks", "you", "por", "favor", "gracias"}
START = frozenset().union(*(language.start_words for language in LANGUAGES))
# Whatever comes after them: somebody may text what they need help with.
HELP = {word: language.code for language in LANGUAGES for word in language.help_words}


class StayHere(urllib.request.HTTPRedirectHandler):
    """Our secret, the number and the words are for the address that the operator named, and no other."""

    def redirect_request(self, *arguments: object) -> None:
        return None


LONGEST_ANSWER = 1_000_000
OPENER = urllib.request.build_opener(StayHere)


class ConsoleTexts:
    """For development: prints what would be sent."""

    def send(self, phone: str, words: str, callback: str) -> None:
        sys.stdout.write(f"Text to {phone}: {words}\n")

    def has(self, phone: str, words: str, since: datetime.datetime) -> bool:
        return False


class TwilioTexts:
    """Sends by the HTTP interface of Twilio, which other providers offer too; TEXTS_URL says where."""

    # The provider's code for somebody who told the provider itself to stop.
    STOPPED = 21610
    # Those for a number or a text that will not do; whatever else is refused, is refused to us.
    OF_THIS_TEXT = (STOPPED, 21211, 21214, 21217, 21408, 21612, 21614, 21617)
    NOT_SENT = ("failed", "undelivered", "canceled")
    # Clocks differ.
    EARLIER = datetime.timedelta(minutes=5)

    def send(self, phone: str, words: str, callback: str) -> None:
        order = {"To": phone, "From": settings.TEXTS_FROM, "Body": words, "StatusCallback": callback}
        try:
            status, taken = self._ask(order)
        except urllib.error.URLError as error:
            raise Unavailable(f"no connection to the text provider ({type(error.reason).__name__})") from None
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"the text provider took it and did not answer ({type(error).__name__})") from None
        if status >= 300:
            raise self._refusal(phone, status, taken)
        if not isinstance(taken.get("sid"), str):
            raise Unavailable("what answered is not the text provider")
        if taken.get("status") in self.NOT_SENT:
            raise Rejected("the text provider could not send it")

    def has(self, phone: str, words: str, since: datetime.datetime) -> bool:
        """Whether the provider was given this text since then. Raises NoAnswer where it does not tell."""
        try:
            status, found = self._ask({"To": phone, "From": settings.TEXTS_FROM, "PageSize": "50"}, method="GET")
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"the text provider does not say whether it took it ({type(error).__name__})") from None
        if status >= 300 or not isinstance(found.get("messages"), list):
            # Where nobody tells of what was sent, it is for staff to find out.
            is_final = status in (404, 405, 501)
            raise NoAnswer(f"the text provider does not say whether it took it ({status})", is_final=is_final)
        return any(self._is_it(one, words, since - self.EARLIER) for one in found["messages"])

    def _is_it(self, text: dict[str, Any], words: str, since: datetime.datetime) -> bool:
        try:
            is_new = parsedate_to_datetime(str(text["date_created"])) >= since
            # A test account puts words of its own before ours.
            is_said = str(text["body"]).strip().endswith(words.strip())
        except (KeyError, TypeError, ValueError):
            return False
        return is_new and is_said and text.get("status") not in self.NOT_SENT

    def _ask(self, form: dict[str, str], *, method: str = "POST") -> tuple[int, dict[str, Any]]:
        """The status, and the object in the answer, if there is one. Raises URLError if nothing was handed over."""
        account = settings.TEXTS_ACCOUNT
        secret = base64.b64encode(f"{account}:{settings.TEXTS_TOKEN}".encode()).decode()
        url = f"{settings.TEXTS_URL}/2010-04-01/Accounts/{account}/Messages.json"
        encoded = urllib.parse.urlencode(form)
        order = urllib.request.Request(  # noqa: S310  # the address is the operator's
            url if method == "POST" else f"{url}?{encoded}",
            data=encoded.encode() if method == "POST" else None,
            headers={"Authorization": f"Basic {secret}"},
        )
        try:
            answer = OPENER.open(order, timeout=_longest_step())
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            said = _heard(answer)
            length, retry_after = (answer.headers.get(name, "") for name in ("Content-Length", "Retry-After"))
        if len(said) < min(number_of(length), LONGEST_ANSWER):
            raise http.client.IncompleteRead(said)
        try:
            found = json.loads(said)
        except (ValueError, RecursionError):
            found = None
        fields = found if isinstance(found, dict) else {}
        return answer.status, {**fields, "retry_after": pause_of(retry_after)}

    def _refusal(self, phone: str, status: int, said: dict[str, Any]) -> Failure:
        code = said.get("code")
        if code == self.STOPPED:
            TextOptOut.objects.add(phone)
            return Rejected("the patient answered STOP")
        if code in self.OF_THIS_TEXT:
            return Rejected(f"the text provider refused the message ({code})")
        return Unavailable(f"the text provider does not serve us ({status})", seconds=said["retry_after"])


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
        if message.its_request.phone_is_wrong or message.its_request.texts_fail:
            # Whoever has the number would read when and where somebody else comes.
            raise Rejected("what is sent to this number does not reach the patient")
        if not message.its_request.texts_ok or TextOptOut.objects.has(phone):
            raise Rejected("the patient wants no texts any more")
        if settings.TEXTS not in SENDERS:
            raise _switched_off(message)
        sender, words = SENDERS[settings.TEXTS](), rendering.text(message)
        if not (message.handed_over_at and sender.has(phone, words, message.handed_over_at)):
            where = reverse("appointments:text_status", args=[message.pk])
            sender.send(phone, words, f"{settings.SITE_URL}{where}")


def _switched_off(message: Message) -> Failure:
    """Whoever is told in no other way gets on a list of staff: the message does, and the call if they may choose."""
    words = "texts are switched off"
    if message.handed_over_at:
        return NoAnswer(f"{words}, and nobody says whether it went", is_final=True)
    if ways_to_reach(message.its_request):
        return Needless(words)
    wait_no_longer(AppointmentRequest.objects.filter(pk=message.its_request.pk))
    return Rejected(words)


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


def _heard(answer: Any) -> bytes:
    """The whole of it, LONGEST_ANSWER at most. Raises TimeoutError where it comes by drops."""
    deadline, said = time.monotonic() + settings.SEND_SECONDS, b""
    while len(said) < LONGEST_ANSWER and (part := answer.read1(65536)):
        said += part
        if time.monotonic() > deadline:
            raise TimeoutError
    return said


def _longest_step() -> float:
    """Seconds. To connect, agree on a key, send and wait for the answer then take SEND_SECONDS at most, as a rule."""
    return min(settings.EMAIL_TIMEOUT, settings.SEND_SECONDS / 4)


def is_from_provider(url: str, form: dict[str, str], signature: str) -> bool:
    """Whether the provider signed a call of `url`: by a key that only it and we have."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(settings.TEXTS_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    return constant_time_compare(base64.b64encode(digest).decode(), signature)
