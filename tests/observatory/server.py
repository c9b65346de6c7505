"""Serves the product by HTTPS and, at the same port, by HTTP, as the two ports of a site are one to a judge of it.

Run in a folder with the product in it; writes the certificate that it uses and then its port there.
"""

import os
import socket
import ssl
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

# Of tests/certificates.py, which lies beside this one where it runs.
from certificates import make_certificate

CERTIFICATE, KEY, PORT = Path("certificate.pem"), Path("key.pem"), Path("port")
# With this byte a browser begins to speak TLS, and with none that HTTP begins with.
HANDSHAKE = b"\x16"


class BothServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    address_family = socket.AF_INET
    tls: ssl.SSLContext

    def finish_request(self, request: socket.socket, client_address) -> None:
        request.settimeout(10)
        if request.recv(1, socket.MSG_PEEK) == HANDSHAKE:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)


class Handler(WSGIRequestHandler):
    def get_environ(self) -> dict:
        is_tls = isinstance(self.connection, ssl.SSLSocket)
        return super().get_environ() | {"HTTPS": "on" if is_tls else "off"}

    def log_message(self, *arguments) -> None:
        pass


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    make_certificate(CERTIFICATE, KEY)
    from config.wsgi import application

    server = make_server("127.0.0.1", 0, application, BothServer, Handler)
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(CERTIFICATE, KEY)
    being_written = PORT.with_suffix(".new")
    being_written.write_text(str(server.server_port))
    being_written.rename(PORT)
    server.serve_forever()


if __name__ == "__main__":
    main()
