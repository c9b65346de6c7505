"""Takes messages by SMTP and shows them by the two addresses of Mailpit that the checks ask."""

import email
import json
import signal
import sys
from email import policy
from http.server import BaseHTTPRequestHandler, HTTPServer

from aiosmtpd.controller import Controller

letters = []


class Taker:
    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        letters.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 Taken"


class Shown(BaseHTTPRequestHandler):
    def do_GET(self):
        *folder, last = self.path.split("/")
        if folder == ["", "api", "v1", "message"]:
            shown = {"Text": letters[int(last)].get_body(("plain",)).get_content()}
        else:
            shown = {
                "messages": [
                    {"ID": str(number), "Subject": letter["Subject"], "To": [{"Address": letter["To"]}]}
                    for number, letter in enumerate(letters)
                ]
            }
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(shown).encode())


signal.signal(signal.SIGTERM, lambda *_: sys.exit())
Controller(Taker(), hostname="0.0.0.0", port=1025).start()  # noqa: S104
HTTPServer(("0.0.0.0", 8025), Shown).serve_forever()  # noqa: S104
