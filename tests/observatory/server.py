"""Serves the product by HTTPS and, at the same port, by HTTP, as the two ports of a site are one to a judge of it.

Run in a folder with the product in it; writes the certificate that it uses and then its port there.
"""

import datetime
import ipaddress
import os
import socket
import ssl
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


def make_certificate() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    CERTIFICATE.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    KEY.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    make_certificate()
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
