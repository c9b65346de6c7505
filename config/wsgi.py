"""The entry point of web servers."""

import os

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# After it a page fails in words. Gunicorn would end the process after 30 seconds, and say nothing.
os.environ.setdefault("STATEMENT_SECONDS", "5")

_django = get_wsgi_application()


def application(environ, start_response):
    try:
        parse_header_parameters(environ.get("CONTENT_TYPE", ""))
    except (ValueError, LookupError):
        # Django would fail on it before any middleware runs. Without a type, a form is one that nothing was sent in.
        environ = {**environ, "CONTENT_TYPE": ""}
    return _django(environ, start_response)
