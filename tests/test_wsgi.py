"""The entry point of web servers, called as they call it."""

from wsgiref.util import setup_testing_defaults

import pytest

from config.wsgi import application
from tests.test_settings import python


def ask(**environ) -> tuple[str, bytes]:
    setup_testing_defaults(environ)
    statuses = []
    with environ["wsgi.input"]:
        body = b"".join(application(environ, lambda status, headers: statuses.append(status)))
    return statuses[0], body


# Where a test before has left a connection open, its age is looked at.
pytestmark = pytest.mark.django_db


def test_a_content_type_that_nobody_can_read_is_answered_like_a_form_without_fields():
    status, body = ask(
        REQUEST_METHOD="POST",
        PATH_INFO="/check/red_flags/",
        HTTP_HOST="localhost",
        CONTENT_TYPE="application/x-www-form-urlencoded; charset*=nope''x",
    )

    assert status.startswith("403 ")
    assert b"Please press the button once more." in body


@pytest.mark.parametrize("charset", ["utf-8", "idna", "utf-7"])
@pytest.mark.parametrize("query", ["a=%", "&".join(["a=1"] * 300)])
def test_a_charset_does_not_make_the_query_be_read_before_anything_can_refuse_it(charset, query):
    answered, body = ask(
        REQUEST_METHOD="POST",
        PATH_INFO="/language/",
        QUERY_STRING=query,
        HTTP_HOST="localhost",
        CONTENT_TYPE=f"application/x-www-form-urlencoded; charset={charset}",
    )

    assert answered[:3] == ("403" if charset == "utf-8" else "400")
    assert b"<h1>" in body


@pytest.mark.process
@pytest.mark.parametrize(
    ("given", "seconds"), [({}, 5), ({"STATEMENT_SECONDS": ""}, 5), ({"STATEMENT_SECONDS": "0"}, 0)]
)
def test_a_page_waits_five_seconds_for_a_statement_unless_the_operator_says_otherwise(given, seconds):
    program = "from config import wsgi; from django.conf import settings; print(settings.STATEMENT_SECONDS)"

    assert python("-c", program, UPRIGHT_DEVELOPMENT="true", **given).stdout == f"{seconds}\n"
