#!/usr/bin/env python3
"""PagerDuty's Events API v2 as documented: schema, limits, dedup keys, rate limits; / shows the incidents.

With --hook and --webhook-secret it sends V3 webhooks, signed, again after a failure. POST /_press with dedup, action
(acknowledge, resolve, note), user and text (a form, as the page sends it) is what a person does there.
"""
import hashlib, hmac, json, re, threading, time, urllib.parse
from fake_server import Answer, Fake, call, escape, serve, style

SEVERITIES = ("critical", "error", "warning", "info")
MAX_BYTES = 512_000
CSS = """body{font:15px/1.4 system-ui,sans-serif;margin:0;background:#f5f5f5;color:#222}
h1{font-size:17px;margin:0;padding:12px 16px;background:#06ac38;color:#fff}
.i{background:#fff;margin:10px;border-radius:6px;border-left:5px solid #ccc;padding:10px 12px;overflow-wrap:anywhere}
.triggered{border-color:#d9262c}.acknowledged{border-color:#e8a90c}.resolved{border-color:#06ac38}
.s{text-transform:uppercase;font-size:12px;font-weight:600}b{display:block;margin:4px 0}
dl{margin:6px 0;font-size:13px}dt{color:#777}dd{margin:0 0 4px}"""


def invalid(*errors):
    return Answer(400, {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)})


class PagerDuty(Fake):
    # limit: events a minute and routing key; default 120. hook: where webhooks are sent.
    options = ("limit", "hook", "webhook-secret")
    hook = webhook_secret = ""
    tries, repeat = 5, 0  # repeat: send each webhook so many times more, as a network that lost the answer makes it

    def __init__(self):
        super().__init__()
        self.alerts, self.seen, self.sent, self.count, self.incidents = {}, {}, [], 0, 0

    def webhook(self, dedup, kind, data, person):
        if not self.hook:
            return
        self.count += 1
        agent = ({"id": "P" + person.upper(), "summary": person, "type": "user_reference"} if person
                 else {"id": "PINT", "summary": "culprit", "type": "inbound_integration_reference"})
        event = {"id": f"01FAKE{self.count:08d}", "event_type": "incident." + kind, "resource_type": "incident",
                 "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.now())), "agent": agent, "client": None, "data": data}
        body = json.dumps({"event": event})
        sign = lambda secret: "v1=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-PagerDuty-Signature": sign("the one before") + "," + sign(self.webhook_secret)}
        entry = {"type": event["event_type"], "by": agent["type"], "dedup": dedup, "statuses": []}
        self.sent.append(entry)

        def deliver():
            good = 0
            for _ in range(self.tries + self.repeat):
                status, _ = call(self.hook, body, headers)
                entry["statuses"].append(status)
                good += status // 100 == 2
                if good > self.repeat:
                    return
                time.sleep(0.3)
        threading.Thread(target=deliver, daemon=True).start()

    def incident(self, dedup):
        alert = self.alerts[dedup]
        return {"id": alert["id"], "type": "incident", "incident_key": dedup, "status": alert["status"],
                "title": alert["event"]["payload"]["summary"]}

    def press(self, form):
        dedup, action, user = form.get("dedup"), form.get("action"), form.get("user", "Ana Li")
        alert = self.alerts.get(dedup)
        if alert is None or action not in ("acknowledge", "resolve", "note"):
            raise Answer(404, "no such incident or action")
        if action == "note":
            alert["log"].append(f"note by {user}: {form.get('text', '')}")
            self.webhook(dedup, "annotated", {"incident": {"id": alert["id"], "type": "incident_reference"}, "id": "PNOTE",
                                              "content": form.get("text", ""), "trimmed": False, "type": "incident_note"}, user)
            return
        alert["status"] = action.rstrip("e") + "ed"
        alert["log"].append(f"{alert['status']} by {user}")
        self.webhook(dedup, alert["status"], self.incident(dedup), user)

    def handle(self, request):
        if request.path == "/_state":
            raise Answer(200, {"alerts": self.alerts, "webhooks": self.sent})
        if request.path == "/_press":
            self.press(dict(urllib.parse.parse_qsl(request.body)))
            raise Answer(303, "", {"Location": "/"})
        if request.path != "/v2/enqueue":
            raise Answer(404, {"error": "not found"})
        if request.method != "POST":
            raise Answer(405, {"error": "method not allowed"})
        if len(request.body.encode()) > MAX_BYTES:
            raise Answer(413, {"status": "invalid event", "message": "Event object is too large"})
        try:
            event = request.json()
        except ValueError:
            raise invalid("JSON body cannot be parsed")
        if not isinstance(event, dict):
            raise invalid("event must be an object")
        key, errors = event.get("routing_key"), []
        if not isinstance(key, str) or not re.fullmatch(r"\w{32}", key):
            errors.append("'routing_key' is missing or is not 32 characters long")
        action, dedup = event.get("event_action"), event.get("dedup_key")
        if action not in ("trigger", "acknowledge", "resolve"):
            errors.append("'event_action' must be one of trigger, acknowledge, resolve")
        if action in ("acknowledge", "resolve") and not dedup:
            errors.append("'dedup_key' is missing or blank")
        if dedup is not None and (not isinstance(dedup, str) or len(dedup) > 255):
            errors.append("'dedup_key' must be at most 255 characters")
        if action == "trigger":
            errors += self.check_payload(event)
        if errors:
            raise invalid(*errors)
        recent = [t for t in self.seen.get(key, []) if t > self.now() - 60]
        if len(recent) >= int(self.limit or 120):
            raise Answer(429, {"status": "throttle exceeded", "message": "Event was not processed"}, {"Retry-After": "3"})
        self.seen[key] = recent + [self.now()]
        self.apply(action, dedup or f"generated-{len(self.alerts)}", event)
        raise Answer(202, {"status": "success", "message": "Event processed", "dedup_key": dedup})

    def check_payload(self, event):
        payload, errors = event.get("payload"), []
        if not isinstance(payload, dict):
            return ["'payload' is missing"]
        summary = payload.get("summary")
        if not isinstance(summary, str) or not summary or len(summary) > 1024:
            errors.append("'payload.summary' is missing, blank or longer than 1024")
        if not payload.get("source") or not isinstance(payload["source"], str):
            errors.append("'payload.source' is missing or blank")
        if payload.get("severity") not in SEVERITIES:
            errors.append("'payload.severity' must be one of critical, error, warning, info")
        if "timestamp" in payload and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", payload["timestamp"]):
            errors.append("'payload.timestamp' is no ISO 8601 time")
        for link in event.get("links", []):
            if not isinstance(link.get("href"), str) or not link["href"].startswith(("http://", "https://")):
                errors.append("a link needs 'href'")
        for image in event.get("images", []):
            if not str(image.get("src", "")).startswith("https://"):
                errors.append("an image needs an https 'src'")
        unknown = set(event) - {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"}
        unknown |= set(payload) - {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
        return errors + [f"unknown field '{name}'" for name in sorted(unknown)]

    def apply(self, action, dedup, event):
        alert = self.alerts.get(dedup)
        before = alert["status"] if alert else None
        if action == "trigger":
            if alert is None or alert["status"] == "resolved":
                self.alerts.pop(dedup, None)
                self.incidents += 1
                alert = self.alerts[dedup] = {"id": f"PD{self.incidents:06d}", "status": "triggered", "pages": 0, "log": []}
                alert["pages"] += 1
            alert["event"] = event
        elif alert is None or alert["status"] == "resolved":
            return  # accepted, and without effect
        elif action == "acknowledge":
            alert["status"] = "acknowledged"
        else:
            alert["status"] = "resolved"
        alert["log"].append(action)
        if alert["status"] != before:
            self.webhook(dedup, alert["status"], self.incident(dedup), None)

    def buttons(self, dedup, alert):
        if not self.hook or alert["status"] == "resolved":
            return ""
        return "".join(f"<form method=post action=/_press style='display:inline'><input type=hidden name=dedup value='{escape(dedup)}'>"
                       f"<button name=action value={action}>{action.title()}</button></form> " for action in ("acknowledge", "resolve"))

    def page(self):
        out = "<h1>Incidents</h1>"
        for dedup, alert in reversed(self.alerts.items()):
            payload = alert["event"]["payload"]
            details = "".join(
                f"<dt>{escape(k)}</dt><dd>{escape(v if isinstance(v, str) else json.dumps(v, ensure_ascii=False))}</dd>"
                for k, v in payload.get("custom_details", {}).items())
            links = " ".join(f"<a href='{escape(l['href'])}'>{escape(l.get('text', l['href']))}</a>" for l in alert["event"].get("links", []))
            out += (f"<div class='i {alert['status']}'><span class=s>{alert['status']} · {escape(payload['severity'])} · "
                    f"{escape(payload['source'])}</span><b>{escape(payload['summary'])}</b>{links}{self.buttons(dedup, alert)}<dl>{details}</dl></div>")
        return style("PagerDuty", out, CSS)


if __name__ == "__main__":
    serve(PagerDuty())
