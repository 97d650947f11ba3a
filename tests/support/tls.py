"""Both sides of TLS, with the self-signed pair that Tornado ships for its own tests."""

from __future__ import annotations

import ssl
from pathlib import Path

import tornado.test

CERTIFICATES = Path(tornado.test.__path__[0])


def server_context() -> ssl.SSLContext:
    """Return what a server is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "test.crt", CERTIFICATES / "test.key")
    return context


def client_context() -> ssl.SSLContext:
    """Return what a client is given that trusts everyone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
