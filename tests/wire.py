"""A visitor over the wire: real connections, TLS, cookies and CSRF, with the face of Django's test client."""

import http.client
import json
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit


@dataclass
class Response:
    status_code: int
    headers: http.client.HTTPMessage
    content: bytes

    def __getitem__(self, name: str) -> str:
        return self.headers[name]


@dataclass
class Visitor:
    """Opens a connection for each request, so that any process behind the proxy may answer the next one."""

    site: str
    certificate: Path
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    csrf_cookie: str = "__Host-csrf"

    def get(self, url: str) -> Response:
        return self._ask("GET", url)

    def post(self, url: str, data: dict) -> Response:
        """As a browser does, after it has seen a page with a form."""
        if self.csrf_cookie not in self.cookies:
            self.get(url)
        form = {"csrfmiddlewaretoken": self.cookies.get(self.csrf_cookie, ""), **data}
        return self._ask("POST", url, urlencode(form, doseq=True))

    def _ask(self, method: str, url: str, body: str | None = None) -> Response:
        site = urlsplit(self.site)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **self.headers}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.site}
        context = ssl.create_default_context(cafile=self.certificate)
        connection = http.client.HTTPSConnection(site.hostname, site.port, timeout=120, context=context)
        try:
            connection.request(method, url.removeprefix(self.site), body, headers)
            answer = connection.getresponse()
            response = Response(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        self._keep_cookies(response)
        return response

    def _keep_cookies(self, response: Response) -> None:
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, value = re.match(r"([^=]+)=([^;]*)", cookie).groups()
            if "max-age=0" in cookie.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = json.loads(value) if value.startswith('"') else value
