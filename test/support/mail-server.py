"""A mail server that prints what it took, one JSON line a message. Over aiosmtpd.

Arguments: port, certificate, key, user, password. Without a certificate: in clear, nobody logs in.
"""
import json
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(
            json.dumps(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "content": envelope.content.decode("utf8", "replace"),
                    "tls": session.ssl is not None,
                }
            ),
            flush=True,
        )
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


port, certificate, key, user, password = sys.argv[1:6]
settings = {}
if certificate:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def check(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=good, handled=False)

    settings = {"tls_context": context, "require_starttls": True, "authenticator": check, "auth_required": True}
Controller(Handler(), hostname="127.0.0.1", port=int(port), **settings).start()
while True:
    time.sleep(3600)
