#!/usr/bin/env python3
"""A mail server that obeys: takes every message, or does as /_control orders. Prints the port for orders.

GET /port   the one for mail.
GET /mails  what was taken: [{"id": Message-ID, "to": [...]}].
Rules (fake_server.py) with "path": "smtp:<phase>", phase one of greeting, ehlo, starttls, mail, rcpt, data, body:
  "reply": "451 later"   instead of the usual answer
  "reset", "close": true the connection is reset, or ends, before the answer
  "silent": true         no answer, until the other one leaves
"""
import socket, socketserver, struct, threading
from fake_server import Answer, Fake, serve


class Gone(Exception):
    pass


class AnySmtp(Fake):
    def __init__(self):
        super().__init__()
        self.mails = []
        fake = self

        class Session(socketserver.StreamRequestHandler):
            def say(self, phase, usual):
                with fake.lock:
                    rule = fake.rule_for("smtp:" + phase) or {}
                if rule.get("silent"):
                    self.rfile.read()
                if rule.get("reset"):
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                if rule.get("reset") or rule.get("close") or rule.get("silent"):
                    raise Gone
                reply = rule.get("reply", usual)
                self.wfile.write(reply.encode() + b"\r\n")
                return reply[0] in "23"

            def handle(self):
                try:
                    self.talk()
                except (Gone, OSError):
                    pass

            def talk(self):
                to = []
                self.say("greeting", "220 any ESMTP")
                for line in self.rfile:
                    word = line[:4].upper().decode("ascii", "replace")
                    if word in ("EHLO", "HELO"):
                        self.say("ehlo", "250 any")
                    elif word == "STAR":
                        self.say("starttls", "502 not here")
                    elif word == "MAIL":
                        self.say("mail", "250 ok")
                    elif word == "RCPT":
                        if self.say("rcpt", "250 ok"):
                            to.append(line.decode().split("<")[1].split(">")[0])
                    elif word == "DATA":
                        if self.say("data", "354 go on"):
                            self.take(to)
                    elif word == "QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"502 what?\r\n")

            def take(self, to):
                name = None
                for line in self.rfile:
                    if line == b".\r\n":
                        break
                    if line.lower().startswith(b"message-id:"):
                        name = line.split(b":", 1)[1].strip().decode()
                with fake.lock:
                    # A refusal means that it was not taken; silence does not.
                    refused = any(r.get("path") == "smtp:body" and r.get("reply", "2")[0] != "2" for r in fake.rules)
                    if not refused:
                        fake.mails.append({"id": name, "to": to})
                self.say("body", "250 taken")

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        server.daemon_threads = True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle(self, request):
        raise Answer(200, self.port if request.path == "/port" else self.mails)


if __name__ == "__main__":
    serve(AnySmtp())
