#!/usr/bin/env python3
"""Opsgenie's Alert API v2 as documented: schema, limits, aliases, rate limit; / shows the alerts."""
import re, urllib.parse
from fake_server import Answer, Fake, escape, serve, style

KEY = "fake-genie-key-0123456789"
LIMITS = {"message": 130, "alias": 512, "description": 15000, "entity": 512, "source": 100, "user": 100, "note": 25000}
CREATE = set(LIMITS) | {"responders", "visibleTo", "actions", "tags", "details", "priority"}
ACTION = {"user", "source", "note"}
CSS = """body{font:15px/1.4 system-ui,sans-serif;margin:0;background:#f4f5f7}h1{font-size:17px;margin:0;padding:12px 16px;background:#0052cc;color:#fff}
.i{background:#fff;margin:10px;padding:10px 12px;border-radius:4px;overflow-wrap:anywhere}.P1{border-left:5px solid #de350b}.P2{border-left:5px solid #ff7452}
.P3{border-left:5px solid #ffab00}b{display:block}pre{white-space:pre-wrap;font:13px/1.4 system-ui;margin:6px 0}.s{font-size:12px;color:#666}"""


class Opsgenie(Fake):
    options = ("limit",)  # requests a minute; default 600

    def __init__(self):
        super().__init__()
        self.alerts, self.seen = {}, []

    def refuse(self, status, message):
        raise Answer(status, {"message": message, "took": 0.001, "requestId": "fake"}, {"X-RateLimit-State": "OK"})

    def handle(self, request):
        if request.headers.get("authorization") != "GenieKey " + KEY:
            self.refuse(403, "Key format is not valid!")
        self.seen = [t for t in self.seen if t > self.now() - 60] + [self.now()]
        if len(self.seen) > int(self.limit or 600):
            raise Answer(429, {"message": "You are making too many requests!"}, {"X-RateLimit-State": "THROTTLED", "Retry-After": "2"})
        match = re.fullmatch(r"/v2/alerts/([^/]+)/(acknowledge|notes|close)", request.path)
        if match and match[2] == "notes" and request.method == "GET":
            alert = self.alerts.get(urllib.parse.unquote(match[1])) or self.refuse(404, "no such alert")
            raise Answer(200, {"data": [{"note": note} for what, note in alert["log"] if note], "requestId": "fake"})
        try:
            body = request.json()
        except ValueError:
            self.refuse(422, "Request body is not processable. Please check the errors.")
        if request.path == "/v2/alerts" and request.method == "POST":
            self.check(body, CREATE)
            self.create(body)
        if not match or request.method != "POST":
            self.refuse(404, "no such resource")
        if dict(urllib.parse.parse_qsl(request.query)).get("identifierType") != "alias":
            self.refuse(422, "identifierType")
        self.check(body, ACTION)
        if match[2] == "notes" and not body.get("note"):
            self.refuse(422, "note can not be empty")
        # The real one answers before it looks for the alert, and does nothing to one that is in that state.
        alert = self.alerts.get(urllib.parse.unquote(match[1]))
        after = {"acknowledge": "acked", "close": "closed"}.get(match[2])
        if alert and alert["status"] != after:
            alert["log"].append((match[2], body.get("note", "")))
            alert["status"] = after or alert["status"]
        raise Answer(202, {"result": "Request will be processed", "took": 0.1, "requestId": "fake"})

    def check(self, body, known):
        if not isinstance(body, dict):
            self.refuse(422, "Request body is not processable.")
        for name in set(body) - known:
            self.refuse(422, f"unknown field {name}")
        for name, limit in LIMITS.items():
            if name in body and (not isinstance(body[name], str) or len(body[name]) > limit):
                self.refuse(422, f"{name} is too long")
        if known is CREATE and not body.get("message"):
            self.refuse(422, "Message can not be empty.")
        if body.get("priority", "P3") not in ("P1", "P2", "P3", "P4", "P5"):
            self.refuse(422, "priority")
        if len(body.get("tags", [])) > 20 or any(len(t) > 50 for t in body.get("tags", [])):
            self.refuse(422, "tags")
        if sum(len(k) + len(v) for k, v in body.get("details", {}).items()) > 8000:
            self.refuse(422, "details")

    def create(self, body):
        alert = self.alerts.get(body.get("alias"))
        if alert and alert["status"] != "closed":
            alert["count"] += 1
        else:
            self.alerts.pop(body.get("alias"), None)
            self.alerts[body.get("alias", str(len(self.alerts)))] = {"status": "open", "count": 1, "body": body, "log": []}
        raise Answer(202, {"result": "Request will be processed", "took": 0.3, "requestId": "fake"})

    def page(self):
        out = "<h1>Alerts</h1>"
        for alias, a in reversed(self.alerts.items()):
            log = "".join(f"<p class=s>{escape(what)}: {escape(note)}</p>" for what, note in a["log"])
            b = a["body"]
            out += (f"<div class='i {escape(b.get('priority'))}'><span class=s>{escape(b.get('priority'))} · {a['status']} · x{a['count']} · "
                    f"{escape(b.get('entity'))}</span><b>{escape(b['message'])}</b><pre>{escape(b.get('description', ''))}</pre>{log}</div>")
        return style("Opsgenie", out, CSS)


if __name__ == "__main__":
    serve(Opsgenie())
