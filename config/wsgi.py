"""The entry point of web servers."""

import os
from collections.abc import Mapping
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# After these a page fails in words. Gunicorn would end the process after its own time, and say nothing.
for name, seconds in (("STATEMENT_SECONDS", "5"), ("DATABASE_PATIENCE", "9")):
    if not os.environ.get(name, "").strip():
        os.environ[name] = seconds


class Request(WSGIRequest):
    """Django's own reads the type and, if that names a charset, the query, before anything could answer an error."""

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        # That nothing but UTF-8 is read as text, the gate sees to. Without a type, nothing was sent in a form.
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, LookupError):
            self.content_type, self.content_params = "", {}


application = get_wsgi_application()
application.request_class = Request
