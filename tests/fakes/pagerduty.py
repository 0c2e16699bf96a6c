#!/usr/bin/env python3
"""PagerDuty's Events API v2 as documented: schema, limits, dedup keys, rate limits; / shows the incidents."""
import json, re
from fake_server import Answer, Fake, escape, serve, style

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
    options = ("limit",)  # events a minute and routing key; default 120

    def __init__(self):
        super().__init__()
        self.alerts, self.seen = {}, {}

    def handle(self, request):
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
        if action == "trigger":
            if alert is None or alert["status"] == "resolved":
                self.alerts.pop(dedup, None)
                alert = self.alerts[dedup] = {"status": "triggered", "pages": 0, "log": []}
                alert["pages"] += 1
            alert["event"] = event
        elif alert is None or alert["status"] == "resolved":
            return  # accepted, and without effect
        elif action == "acknowledge":
            alert["status"] = "acknowledged"
        else:
            alert["status"] = "resolved"
        alert["log"].append(action)

    def page(self):
        out = "<h1>Incidents</h1>"
        for dedup, alert in reversed(self.alerts.items()):
            payload = alert["event"]["payload"]
            details = "".join(
                f"<dt>{escape(k)}</dt><dd>{escape(v if isinstance(v, str) else json.dumps(v, ensure_ascii=False))}</dd>"
                for k, v in payload.get("custom_details", {}).items())
            links = " ".join(f"<a href='{escape(l['href'])}'>{escape(l.get('text', l['href']))}</a>" for l in alert["event"].get("links", []))
            out += (f"<div class='i {alert['status']}'><span class=s>{alert['status']} · {escape(payload['severity'])} · "
                    f"{escape(payload['source'])}</span><b>{escape(payload['summary'])}</b>{links}<dl>{details}</dl></div>")
        return style("PagerDuty", out, CSS)


if __name__ == "__main__":
    serve(PagerDuty())
