"""Sends e-mails by Django's mail API, over one connection for as many as come in a row."""

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends import smtp
from django.core.mail.backends.base import BaseEmailBackend

from ..lifecycle.definition import LIFECYCLE
from ..models import Message
from . import rendering
from .failures import Failure, NoAnswer, Rejected, Unavailable

# These headers tell auto-responders not to reply.
NO_ANSWER = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class _Patience(smtplib.SMTP):
    """Knows when a message has been handed over whole: from then on its answer is waited for with patience.

    RFC 5321, 4.5.3.2.6: whoever gives up before ten minutes are over gets it delivered twice.
    """

    is_handed_over = False

    def send(self, s: Any) -> None:
        super().send(s)
        if isinstance(s, bytes) and s.endswith(b"\r\n.\r\n") and self.sock:
            self.is_handed_over = True
            self.sock.settimeout(settings.EMAIL_ANSWER_SECONDS)

    def mail(self, *arguments: Any, **options: Any) -> tuple[int, bytes]:
        self.is_handed_over = False
        if self.sock:
            self.sock.settimeout(settings.EMAIL_TIMEOUT)
        return super().mail(*arguments, **options)


class _EncryptedFromTheStart(_Patience, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """Django's, with a conversation that knows how far it is."""

    @property
    def connection_class(self) -> type[_Patience]:
        return _EncryptedFromTheStart if self.use_ssl else _Patience


class EmailSender:
    """The line to the mail server. `connect` and `send` raise Failure; the next try then gets a new line."""

    def __init__(self) -> None:
        # Whichever backend the settings name; only that for SMTP has a line of its own.
        self._connection: Any = None

    def connect(self) -> None:
        if self._connection is None:
            connection = get_connection()
            with _saying_what_failed(connection):
                connection.open()
            self._connection = connection

    def send(self, message: Message) -> None:
        """Takes SEND_SECONDS at most until the e-mail is handed over, and then EMAIL_ANSWER_SECONDS."""
        if message.handed_over_at:
            raise NoAnswer("whoever sent it was stopped before the mail server had answered", is_final=True)
        recipients = _recipients(message)
        if not recipients or not all(recipients):
            raise Rejected("there is no e-mail address any more")
        written = _written(message, recipients)
        written.connection = self._connection
        try:
            with _saying_what_failed(self._connection), _no_longer_than(settings.SEND_SECONDS, self._connection):
                written.send()
        except Failure:
            self._hang_up()
            raise

    def close(self) -> None:
        if self._connection:
            # To say goodbye to a server that is gone is no use, and no harm.
            with suppress(OSError, smtplib.SMTPException):
                self._connection.close()
            self._hang_up()

    def _hang_up(self) -> None:
        """Drop the connection without QUIT, for which a hanging server would keep us waiting."""
        connection, self._connection = self._connection, None
        if conversation := getattr(connection, "connection", None):
            conversation.close()
            connection.connection = None


def _recipients(message: Message) -> list[str]:
    kind = LIFECYCLE.message_kinds[message.kind]
    if kind.addresses:
        return kind.addresses(message)
    if kind.to_staff:
        return settings.STAFF_EMAILS
    if message.its_request.email_fails:
        raise Rejected("what is sent to this address does not arrive")
    return [message.its_request.email]


def _written(message: Message, recipients: list[str]) -> EmailMultiAlternatives:
    email = rendering.email(message, recipients[0])
    host = urlsplit(settings.SITE_URL).hostname
    written = EmailMultiAlternatives(
        email.subject, email.plain, to=recipients, headers={"Message-ID": f"<{message.pk}@{host}>", **NO_ANSWER}
    )
    # By which a provider names it when it tells what became of it.
    written.metadata = {"message": str(message.pk)}  # type: ignore[attr-defined]  # anymail's
    written.attach_alternative(email.html, "text/html")
    if email.calendar:
        written.attach("visit.ics", email.calendar.decode(), f"text/calendar; method={email.method}")
    return written


@contextmanager
def _saying_what_failed(connection: BaseEmailBackend) -> Iterator[None]:
    """The causes are left out: they quote the address, and some the message."""
    try:
        with _at_a_provider():
            yield
    except smtplib.SMTPRecipientsRefused as error:
        code = max(code for code, _reason in error.recipients.values())
        raise (Rejected if code >= 500 else Failure)(f"the mail server refused the address ({code})") from None
    except smtplib.SMTPDataError as error:
        kind = Rejected if error.smtp_code >= 500 else Failure
        raise kind(f"the mail server refused the message ({error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        raise Unavailable(f"the mail server refused us ({error.smtp_code})") from None
    except (OSError, smtplib.SMTPException) as error:
        if getattr(getattr(connection, "connection", None), "is_handed_over", False):
            words = f"the mail server took it and did not answer ({type(error).__name__})"
            raise NoAnswer(words, is_final=True) from None
        raise Unavailable(f"the connection to the mail server broke ({type(error).__name__})") from None


@contextmanager
def _at_a_provider() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not settings.EMAIL_PROVIDER:
            raise
        raise _failure_at_provider(error) from None


def _failure_at_provider(error: Exception) -> Exception:
    # Loaded when it is first needed, because most clinics have a mail server.
    from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
    from requests import ReadTimeout

    if isinstance(error, AnymailRecipientsRefused):
        return Rejected("the mail provider refused the address")
    if not isinstance(error, AnymailAPIError):
        return error
    status = getattr(error, "status_code", None)
    if status is None and isinstance(error.__cause__, ReadTimeout):
        return NoAnswer("the mail provider took it and did not answer", is_final=True)
    if status is None:
        return Unavailable("the connection to the mail provider broke")
    if status in (401, 403, 404, 429) or status >= 500:
        return Unavailable(f"the mail provider does not serve us ({status})")
    return Rejected(f"the mail provider refused the message ({status})")


@contextmanager
def _no_longer_than(seconds: float, connection: BaseEmailBackend) -> Iterator[None]:
    """Shut the socket down after so many seconds, before another worker would take over the lease."""
    conversation: Any = getattr(connection, "connection", None)
    line = getattr(conversation, "sock", None)
    if line is None:
        yield
        return
    timers = [
        threading.Timer(seconds, _cut, [line, lambda: not conversation.is_handed_over]),
        threading.Timer(seconds + settings.EMAIL_ANSWER_SECONDS, _cut, [line, lambda: True]),
    ]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


def _cut(line: socket.socket, is_due: Callable[[], bool]) -> None:
    if is_due():
        with suppress(OSError):
            # Not the method of an encrypted line, which is in use by the thread that waits.
            socket.socket.shutdown(line, socket.SHUT_RDWR)
