"""What is written to the log, and what never is: no word that came from outside.

Our own loggers write what our code says. Of everybody else's lines only the text that stands in their code is kept,
with numbers filled in. Of an exception, the type and where it came from are kept; its message is not, because
databases quote rows in it, and Django what was sent.
"""

import linecache
import logging
import logging.config
import numbers
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from config import environment

# The request that this thread is answering, or nothing.
request_id: ContextVar[str] = ContextVar("request_id", default="")

OURS = ("appointments", "config", "screening")
# What our own lines may add, each in a field of its own.
FIELDS = ("method", "route", "status", "milliseconds")
# Exceptions that are only raised with words of our own.
SPOKEN = frozenset(
    {
        "django.core.exceptions.ImproperlyConfigured",
        "screening.questionnaire.definition.BrokenPathway",
        "appointments.intake.submit.NoVisitOffered",
    }
)
# What looks like an attack and was refused is no fault of ours: nobody shall be woken by whoever wants to.
REFUSALS = "django.security."
LEFT_OUT = "…"
NO_ROUTE = "(none)"
FORMATS = ("json", "line")
ROOT = Path(__file__).resolve().parent.parent
logger = logging.getLogger(__name__)


def settings_for(form: str, *, scrub: bool = True) -> dict:
    """Django's LOGGING: everything to the standard error stream, one line for one event, in one of FORMATS.

    Without `scrub` everything is written as it comes, which is for development on made-up people only.
    """
    formatter = {"json": "config.logs.JsonLines", "line": "config.logs.PlainLines"}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": formatter, "scrub": scrub}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # Django's own default would mail whole requests, with all that was typed.
        "loggers": {"django": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
    }


def configure(config: dict) -> None:
    """Django's LOGGING_CONFIG. With lines of JSON, what nobody caught becomes such a line too."""
    logging.config.dictConfig(config)
    logging.setLogRecordFactory(_numbered)
    if config["formatters"]["ours"]["()"] == "config.logs.JsonLines":
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda failed: _log_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
        sys.unraisablehook = lambda failed: _log_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)


class JsonLines(JsonFormatter):
    def __init__(self, scrub: bool = True) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__("{levelname}{name}{message}", style="{", rename_fields=names, timestamp="time")
        self.scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        return super().format(scrubbed(record) if self.scrub else record)


class PlainLines(logging.Formatter):
    def __init__(self, scrub: bool = True) -> None:
        super().__init__("{asctime} {levelname} {name} {message}", style="{")
        self.scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        if not self.scrub:
            return super().format(record)
        clean = scrubbed(record)
        values = vars(clean)
        more = [f"{name}={values[name]}" for name in ("request_id", *FIELDS) if values.get(name) not in (None, "")]
        text = " ".join([super().format(clean), *more])
        return f"{text}\n{values['stack']}" if "stack" in values else text


def format_from_environment(default: str) -> str:
    return environment.choice("LOG_FORMAT", default, FORMATS)


def scrubbed(record: logging.LogRecord) -> logging.LogRecord:
    """A new record with nothing in it but what may be written."""
    request = getattr(record, "request", None)
    clean = logging.LogRecord(
        record.name, record.levelno, record.pathname, record.lineno, _message(record), None, None, record.funcName
    )
    clean.created, clean.msecs = record.created, record.msecs
    # Django writes of failed requests after the middleware has ended, but the request knows its own.
    clean.request_id = getattr(request, "request_id", "") or getattr(record, "request_id", "")
    if _is_ours(record):
        vars(clean).update({name: vars(record)[name] for name in FIELDS if name in vars(record)})
    elif request is not None:
        clean.route = route_of(request)
    if record.exc_info and record.exc_info[1]:
        clean.exception = _name(record.exc_info[1])
        clean.stack = "\n".join(_stack(record.exc_info[1]))
    return clean


def route_of(request: HttpRequest | None) -> str:
    """The pattern that the address matched, never the address itself: that may hold the token of a private link."""
    match = getattr(request, "resolver_match", None)
    return (match.route or "/") if match else NO_ROUTE


def is_spoken(exception: BaseException) -> bool:
    """Whether it says nothing but words of our own."""
    return _name(exception) in SPOKEN


def _numbered(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    record.request_id = request_id.get()
    if record.name.startswith(REFUSALS):
        record.levelno = min(record.levelno, logging.WARNING)
        record.levelname = logging.getLevelName(record.levelno)
    return record


def _message(record: logging.LogRecord) -> str:
    if _is_ours(record):
        return record.getMessage()
    status = getattr(record, "status_code", None)
    if isinstance(status, int) and status in HTTPStatus._value2member_map_:
        return HTTPStatus(status).phrase
    template, code = str(record.msg), "".join(linecache.getlines(record.pathname))
    if not any(f"{quote}{template}{quote}" in code for quote in "\"'"):
        # It was put together before it came here, perhaps from what was sent.
        return f"(not shown) {_place(record.pathname, record.lineno, record.funcName)}"
    arguments: dict[str, object] | tuple[object, ...]
    if isinstance(record.args, dict):
        arguments = {name: _shown(value) for name, value in record.args.items()}
    else:
        arguments = tuple(map(_shown, record.args or ()))
    try:
        return template % arguments if arguments else template
    except (TypeError, ValueError, KeyError):
        return template


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OURS


def _shown(value: object) -> object:
    if value is None or isinstance(value, numbers.Number):
        return value
    return _name(value) if isinstance(value, BaseException) else LEFT_OUT


def _name(exception: BaseException) -> str:
    kind = type(exception)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _stack(exception: BaseException) -> Iterator[str]:
    """The exceptions that led to this one and then itself, each under the places it passed through."""
    for number, link in enumerate(_chain(exception)):
        if number:
            yield "and then"
        traceback = link.__traceback__
        while traceback:
            code = traceback.tb_frame.f_code
            yield f"  {_place(code.co_filename, traceback.tb_lineno, code.co_name)}"
            traceback = traceback.tb_next
        name = _name(link)
        yield f"{name}: {link}" if name in SPOKEN else name
        for one in getattr(link, "exceptions", ()) if isinstance(link, BaseExceptionGroup) else ():
            yield from (f"  | {line}" for line in _stack(one))


def _chain(exception: BaseException) -> list[BaseException]:
    """From the first to the last. An exception may be told to lead to itself."""
    chain: list[BaseException] = []
    link: BaseException | None = exception
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return chain[::-1]


def _place(file: str, line: int, function: str | None) -> str:
    short = file.partition("site-packages/")[2] or file.removeprefix(f"{ROOT}/")
    return f"{short}:{line} {function}"


def _log_uncaught(
    kind: type[BaseException], exception: BaseException | None, traceback: TracebackType | None
) -> None:
    if exception is None or issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, exception, traceback)  # type: ignore[arg-type]  # it takes None as well
        return
    logger.critical("Nobody caught this.", exc_info=(kind, exception, traceback))
