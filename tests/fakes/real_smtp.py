#!/usr/bin/env python3
"""A real SMTP server (aiosmtpd) until standard input ends; prints its port, or 0 if aiosmtpd is not here.

real_smtp.py FOLDER [CERT KEY]: each message becomes FOLDER/<n>.json with its envelope and parts as a mail program reads
them. With CERT and KEY, STARTTLS and a login (culprit, mailpass) are required. Recipients: full@ gets 452, gone@ 550.
"""
import email, email.policy, json, pathlib, ssl, sys

from ports import free_ports

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "build" / "clients" / "python"))
try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult
except ImportError:
    print(0, flush=True)
    sys.exit()


class Keeper:
    def __init__(self, folder):
        self.folder, self.count = pathlib.Path(folder), 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("full@"):
            return "452 mailbox full"
        if address.startswith("gone@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {p.get_content_type(): p.get_content() for p in message.walk() if not p.is_multipart()}
        longest = max(len(line) for line in envelope.content.split(b"\r\n"))
        text = json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None, "parts": parts,
                           "headers": dict(message.items()), "longest": longest, "defects": [str(d) for d in message.defects]})
        self.count += 1
        (self.folder / f"{self.count}.json").write_text(text)
        return "250 OK"


def login(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"culprit", b"mailpass")
    return AuthResult(success=good, handled=False)


options = {}
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    options = {"tls_context": context, "require_starttls": True, "authenticator": login, "auth_required": True}
[port] = free_ports(1)
controller = Controller(Keeper(sys.argv[1]), hostname="127.0.0.1", port=port, ready_timeout=120, **options)
controller.start()
print(port, flush=True)
sys.stdin.read()
controller.stop()
