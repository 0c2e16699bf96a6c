#!/usr/bin/env python3
"""Slack as documented: incoming webhooks and the chat methods, Block Kit's limits, one message a second and channel,
edits, threads, metadata. / shows the channel as a person sees it; /?thread=<ts> a thread.

Refuses what would annoy people: mentions that come from log text cannot be told from those meant, so a test looks at
`pings` in /_control/state: every mention Slack would have notified somebody about.

With --hook and --signing-secret the buttons work: POST /_press with ts, action and user (a form, as the page sends it)
sends a signed interaction there; what comes back over its response_url stands in `whispers`.
"""
import hashlib, hmac, json, re, threading, urllib.parse
from fake_server import Answer, Fake, call, escape, serve, style

TOKEN = "xoxb-fake-token-0123456789"
HOOK = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
MAX_BLOCKS_BYTES = 13_200
LIMITS = {"section": 3000, "header": 150, "button": 75, "context": 3000}
CSS = """body{font:15px/1.46 Lato,system-ui,sans-serif;margin:0;color:#1d1c1d;background:#fff}
h1{font-size:17px;margin:0;padding:12px 16px;border-bottom:1px solid #ddd;position:sticky;top:0;background:#fff}
.m{display:flex;gap:9px;padding:10px 14px}.a{flex:none;width:36px;height:36px;border-radius:6px;background:#4a154b;color:#fff;
text-align:center;line-height:36px;font-weight:700}.w{min-width:0;flex:1;overflow-wrap:anywhere}
.n{font-weight:900}.t{color:#616061;font-size:12px;margin-left:6px}.h{font-size:18px;font-weight:900;margin:4px 0 6px}
.s{margin:0 0 8px;white-space:pre-line}.c{color:#616061;font-size:12px;margin:6px 0}
pre{font:12px/1.5 Menlo,Consolas,monospace;background:#f8f8f8;border:1px solid #ddd;border-radius:4px;padding:8px;margin:4px 0;
white-space:pre-wrap}code{font:12px Menlo,Consolas,monospace;background:#f8f8f8;border:1px solid #ddd;border-radius:3px;padding:1px 3px;color:#e01e5a}
.b{display:inline-block;border:1px solid #bbb;border-radius:4px;padding:5px 12px;margin:3px 8px 3px 0;font-weight:700;font-size:14px}
.primary{background:#007a5a;color:#fff;border-color:#007a5a}.p{background:#fdf2d5;color:#1264a3;border-radius:3px;padding:0 2px}
.r{color:#1264a3;font-size:13px;font-weight:700}.thread{margin-left:45px;border-left:2px solid #eee}a{color:#1264a3;text-decoration:none}"""
MENTION = re.compile(r"<(@[UW][A-Z0-9]+|!(?:here|channel|everyone)|!subteam\^S[A-Z0-9]+)(?:\|[^>]*)?>")


def units(text):
    return len(text.encode("utf-16-le")) // 2


def text_errors(where, text, limit, kinds=("mrkdwn", "plain_text")):
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return [f"{where}: no text object of type {' or '.join(kinds)}"]
    value = text.get("text")
    if not isinstance(value, str) or not value:
        return [f"{where}: must be more than 0 characters"]
    allowed = {"type", "text", "verbatim"} if text["type"] == "mrkdwn" else {"type", "text", "emoji"}
    errors = [f"{where}: unknown field {k}" for k in set(text) - allowed]
    return errors + ([f"{where}: must be less than {limit + 1} characters"] if units(value) > limit else [])


def block_errors(blocks):
    if not isinstance(blocks, list) or len(blocks) > 50:
        return ["no more than 50 items allowed [json-pointer:/blocks]"]
    errors, ids = [], set()
    for i, block in enumerate(blocks):
        where, kind = f"/blocks/{i}", block.get("type") if isinstance(block, dict) else None
        if kind == "header":
            errors += text_errors(where, block.get("text"), 150, ("plain_text",))
        elif kind == "section":
            if "text" in block:
                errors += text_errors(where, block["text"], 3000)
            elif not block.get("fields"):
                errors.append(f"{where}: needs text or fields")
            if len(block.get("fields", [])) > 10:
                errors.append(f"{where}: at most 10 fields")
            for field in block.get("fields", []):
                errors += text_errors(where + "/fields", field, 2000)
        elif kind == "context":
            if not 1 <= len(block.get("elements", [])) <= 10:
                errors.append(f"{where}: 1 to 10 elements")
            for element in block.get("elements", []):
                errors += text_errors(where + "/elements", element, 3000)
        elif kind == "actions":
            if not 1 <= len(block.get("elements", [])) <= 25:
                errors.append(f"{where}: 1 to 25 elements")
            for element in block.get("elements", []):
                errors += button_errors(where + "/elements", element)
        elif kind != "divider":
            errors.append(f"{where}: unsupported type: {kind}")
        if "block_id" in (block if isinstance(block, dict) else {}):
            if block["block_id"] in ids or len(block["block_id"]) > 255:
                errors.append(f"{where}: block_id")
            ids.add(block["block_id"])
    return errors


def button_errors(where, button):
    if button.get("type") != "button":
        return [f"{where}: not a button"]
    errors = text_errors(where, button.get("text"), 75, ("plain_text",))
    for name, limit in (("action_id", 255), ("value", 2000), ("url", 3000)):
        if units(button.get(name, "")) > limit:
            errors.append(f"{where}: {name} too long")
    if button.get("style", "primary") not in ("primary", "danger"):
        errors.append(f"{where}: style")
    return errors


class Slack(Fake):
    # rate: messages a second and channel; default 1; 0: no limit. hook: where presses of buttons are sent.
    options = ("rate", "hook", "signing-secret")
    hook = signing_secret = ""

    def __init__(self):
        super().__init__()
        self.messages, self.count, self.last, self.pings = [], 0, {}, []
        self.presses, self.whispers = [], []

    # What would notify somebody: mentions written as such, and names where Slack is asked to look for them.
    def notify(self, payload, blocks):
        texts = [payload.get("text", "")] if not blocks else []
        found = []
        for block in blocks:
            for text in [block.get("text"), *block.get("fields", []), *block.get("elements", [])]:
                if isinstance(text, dict) and text.get("type") == "mrkdwn":
                    texts.append(text["text"])
                    if not text.get("verbatim"):
                        found += re.findall(r"@(?:here|channel|everyone)\b", text["text"])
        if payload.get("link_names") or payload.get("parse") == "full":
            found += [n for t in texts for n in re.findall(r"@\w+", t)]
        self.pings += found + [m for t in texts for m in MENTION.findall(t)]

    def check(self, payload):
        """Slack's word for what is wrong, or None."""
        blocks = payload.get("blocks") or []
        if not blocks and not payload.get("text"):
            return "no_text", []
        if units(payload.get("text", "")) > 40_000:
            return "msg_too_long", []
        errors = block_errors(blocks)
        if errors:
            return "invalid_blocks", errors
        if len(json.dumps(blocks, ensure_ascii=False).encode()) > MAX_BLOCKS_BYTES:
            return "msg_blocks_too_long", []
        return None, []

    def throttle(self, channel):
        rate = float(self.rate or 1)
        allowed = self.last.get(channel, 0)
        if rate and self.now() < allowed - 3 / rate:  # short bursts are let through
            raise Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "1"})
        if rate:
            self.last[channel] = max(allowed, self.now()) + 1 / rate

    def post(self, payload, channel):
        self.count += 1
        ts = f"{int(self.now())}.{self.count:06d}"
        message = {"ts": ts, "channel": channel, "edited": False, **{k: v for k, v in payload.items() if k not in ("channel",)}}
        self.messages.append(message)
        self.notify(payload, payload.get("blocks") or [])
        return message

    def handle(self, request):
        if request.path == "/_state":
            raise Answer(200, {"messages": self.messages, "pings": self.pings, "presses": self.presses, "whispers": self.whispers})
        if request.path == "/_press":
            self.press(request, dict(urllib.parse.parse_qsl(request.body)))
            raise Answer(303, "", {"Location": "/"})
        if request.path.startswith("/actions/"):
            self.whispers.append(request.json())
            raise Answer(200, "ok")
        if request.path.startswith("/services/"):
            self.webhook(request)
        if request.path.startswith("/api/"):
            self.api(request, request.path[len("/api/"):])
        raise Answer(404, "no such path")

    def press(self, request, form):
        message = next((m for m in self.messages if m["ts"] == form.get("ts")), None)
        button = next((e for b in (message or {}).get("blocks", []) if b["type"] == "actions" for e in b["elements"]
                       if e["action_id"] == form.get("action")), None)
        if button is None or not self.hook:
            raise Answer(404, "no such button, or nobody listens")
        self.count += 1
        user = form.get("user", "ana")
        payload = {"type": "block_actions", "user": {"id": "U" + user.upper(), "username": user, "name": user, "team_id": "T0"},
                   "api_app_id": "A0", "team": {"id": "T0", "domain": "fake"}, "channel": {"id": message["channel"], "name": "incidents"},
                   "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"], "is_ephemeral": False},
                   "message": message, "response_url": f"http://{request.headers['host']}/actions/T0/1/x",
                   "actions": [{**button, "block_id": "b", "action_ts": f"{int(self.now())}.{self.count:06d}"}]}
        body = "payload=" + urllib.parse.quote_plus(json.dumps(payload))
        stamp = str(int(self.now()))
        signature = hmac.new(self.signing_secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": stamp,
                   "X-Slack-Signature": "v0=" + signature}

        def deliver():
            status, took = call(self.hook, body, headers)
            # Slack shows a warning beside the button if the answer is not 200 within three seconds.
            self.presses.append({"action": button["action_id"], "status": status, "in_time": status == 200 and took < 3})
        threading.Thread(target=deliver, daemon=True).start()

    def webhook(self, request):
        if request.path != HOOK:
            raise Answer(404 if len(request.path.split("/")) == 5 else 403, "no_service")
        try:
            payload = request.json()
        except ValueError:
            raise Answer(400, "invalid_payload")
        unknown = set(payload) - {"text", "blocks", "unfurl_links", "unfurl_media", "attachments", "thread_ts", "mrkdwn"}
        if unknown:
            raise Answer(400, "invalid_payload")
        word, errors = self.check(payload)
        if word:
            raise Answer(400, word)
        self.throttle("hook")
        self.post(payload, "C0HOOK")
        raise Answer(200, "ok")

    def api(self, request, method):
        if request.headers.get("authorization") != "Bearer " + TOKEN:
            raise Answer(200, {"ok": False, "error": "invalid_auth"})
        if request.method == "GET":
            payload = dict(urllib.parse.parse_qsl(request.query))
        else:
            payload = request.json()
        methods = {"chat.postMessage": self.chat_post, "chat.update": self.chat_update,
                   "conversations.history": self.history, "conversations.replies": self.replies}
        if method not in methods:
            raise Answer(200, {"ok": False, "error": "unknown_method"})
        if not re.fullmatch(r"C[A-Z0-9]+", payload.get("channel", "")):
            raise Answer(200, {"ok": False, "error": "channel_not_found"})
        methods[method](payload)

    def refuse(self, payload):
        word, errors = self.check(payload)
        if word:
            raise Answer(200, {"ok": False, "error": word, "response_metadata": {"messages": errors}})

    def chat_post(self, payload):
        self.refuse(payload)
        self.throttle(payload["channel"])
        message = self.post(payload, payload["channel"])
        raise Answer(200, {"ok": True, "channel": payload["channel"], "ts": message["ts"], "message": {"text": payload.get("text")}})

    def chat_update(self, payload):
        self.refuse(payload)
        for message in self.messages:
            if (message["ts"], message["channel"]) == (payload.get("ts"), payload["channel"]):
                message.update({k: v for k, v in payload.items() if k in ("text", "blocks")}, edited=True)
                raise Answer(200, {"ok": True, "channel": payload["channel"], "ts": message["ts"]})
        raise Answer(200, {"ok": False, "error": "message_not_found"})

    def listed(self, messages, payload):
        with_metadata = payload.get("include_all_metadata") == "true"
        keep = [{k: v for k, v in m.items() if k != "metadata" or with_metadata} for m in messages]
        raise Answer(200, {"ok": True, "messages": keep[:int(payload.get("limit", 100))], "has_more": False})

    def history(self, payload):
        self.listed([m for m in reversed(self.messages) if m["channel"] == payload["channel"] and "thread_ts" not in m], payload)

    def replies(self, payload):
        self.listed([m for m in self.messages if payload.get("ts") in (m["ts"], m.get("thread_ts"))], payload)

    def page(self):
        out = "<h1># incidents</h1>"
        for message in self.messages:
            if "thread_ts" in message:
                continue
            out += drawn(message, bool(self.hook))
            out += "".join(f"<div class=m><div class=a>c</div><div class=w><span class=t>Only visible to you</span><div class=s>"
                           f"{mrkdwn(w['text'])}</div></div></div>" for w in self.whispers if message is self.messages[0])
            answers = [m for m in self.messages if m.get("thread_ts") == message["ts"]]
            if answers:
                out += "<div class=thread>" + "".join(drawn(m) for m in answers) + "</div>"
        return style("Slack", out, CSS)


def drawn(message, presses=False):
    blocks = message.get("blocks") or [{"type": "section", "text": {"type": "mrkdwn", "text": message.get("text", "")}}]
    body = "".join(draw_block(b, message["ts"] if presses else None) for b in blocks)
    clock = "03:04"
    return (f"<div class=m><div class=a>c</div><div class=w><span class=n>culprit</span><span class=t>APP {clock}"
            f"{' (edited)' if message['edited'] else ''}</span>{body}</div></div>")


def dots(text):
    """Coloured dots without a font for them."""
    for mark, colour in (("\U0001F534", "#e01e5a"), ("\U0001F7E0", "#f2952f"), ("\U0001F7E1", "#ecb22e"), ("\U0001F535", "#1264a3")):
        text = text.replace(mark, f"<span style='color:{colour}'>\u25CF</span>")
    return text


def draw_block(block, ts=None):
    kind = block["type"]
    if kind == "header":
        return f"<div class=h>{dots(escape(block['text']['text']))}</div>"
    if kind == "section":
        return f"<div class=s>{mrkdwn(block['text']['text'])}</div>"
    if kind == "context":
        return "<div class=c>" + " ".join(mrkdwn(e["text"]) for e in block["elements"]) + "</div>"
    if kind == "actions" and ts:
        return "".join(f"<form method=post action=/_press style='display:inline'><input type=hidden name=ts value='{ts}'>"
                       f"<button name=action value='{escape(b['action_id'])}' class='b {b.get('style', '')}'>"
                       f"{escape(b['text']['text'])}</button></form>" for b in block["elements"])
    if kind == "actions":
        return "".join(f"<span class='b {b.get('style', '')}'>{escape(b['text']['text'])}</span>" for b in block["elements"])
    return "<hr>"


def mrkdwn(text):
    parts = re.split(r"```\n?(.*?)\n?```\n?", text, flags=re.S)
    return "".join(f"<pre>{special(p)}</pre>" if i % 2 else inline(p) for i, p in enumerate(parts))


def special(text):
    """<...> as Slack reads it; the rest already has its entities."""
    def one(match):
        inner = match.group(1)
        target, _, label = inner.partition("|")
        if target.startswith("!date^"):
            return f"<span>{label.split(' UTC')[0].split(' ')[-1]}</span>"
        if target[:1] in "@!":
            return f"<span class=p>@{target.lstrip('@!').replace('subteam^', '')}</span>"
        return f"<a href='{escape(target)}'>{label or target}</a>"
    return re.sub(r"<([^<>]+)>", one, text)


def inline(text):
    text = special(text)
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w_/])_([^_\n]+)_(?![\w_])", r"<i>\1</i>", text)


if __name__ == "__main__":
    serve(Slack())
