"""What all fakes of receivers share: HTTP, orders by POST /_control, and a record of what came.

POST /_control  {"rules": [{"path": "/x", "status": 503, "headers": {}, "body": "", "delay": 1.5,
                 "reset": true, "cut": true, "slow": 0.2, "late": true, "times": 1}, ...], "clock": 12.5}
  A rule holds for the next `times` requests (default 1) whose path starts with `path`; rules are used in order.
  reset: the connection is reset instead of an answer. cut: it ends in the middle of one. slow: seconds between the
  bytes of an answer. late: the request takes effect before any of this. clock: moves the fake's clock on, seconds.
  "set": {"hook": "http://127.0.0.1:1234/hooks/slack"} changes options while it runs.
GET /_control/requests  what came, oldest first; DELETE /_control forgets orders and requests.
GET /                   what a person sees.
"""
import argparse, html, json, socket, ssl, struct, sys, threading, time, urllib.error, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(Exception):
    """Ends a request with a status, a body (str, or anything as JSON) and headers."""

    def __init__(self, status, body="", headers=None):
        self.status, self.headers = status, dict(headers or {})
        self.body = body if isinstance(body, str) else json.dumps(body)
        if not isinstance(body, str):
            self.headers.setdefault("Content-Type", "application/json; charset=utf-8")


class Fake:
    """One receiver. Subclasses answer `handle` and draw `page`."""

    def __init__(self):
        self.lock = threading.RLock()
        self.rules, self.requests, self.skew = [], [], 0.0

    def now(self):
        return time.time() + self.skew

    def handle(self, request):
        raise Answer(404, "no such path")

    def page(self):
        return "<p>Nothing to see.</p>"

    def rule_for(self, path):
        for rule in self.rules:
            if path.startswith(rule.get("path", "/")):
                rule["times"] = rule.get("times", 1) - 1
                if rule["times"] <= 0:
                    self.rules.remove(rule)
                return rule
        return None


def call(url, body, headers):
    """POSTs; returns the status, 0 if there is no answer, and how long it took."""
    began = time.monotonic()
    request = urllib.request.Request(url, body.encode(), headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError:
        status = 0
    return status, time.monotonic() - began


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.body = method, body
        self.path, _, self.query = path.partition("?")
        self.headers = {k.lower(): v for k, v in headers.items()}

    def json(self):
        return json.loads(self.body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *ignored):
        pass

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, answer, rule=None):
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status >= 200 and answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        else:
            body = b""
        self.end_headers()
        if rule and rule.get("cut"):
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
        elif rule and rule.get("slow"):
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(rule["slow"])
        else:
            self.wfile.write(body)

    def control(self, request):
        fake = self.fake
        if request.method == "GET":
            return Answer(200, fake.requests)
        if request.method == "DELETE":
            fake.rules, fake.requests = [], []
        else:
            orders = request.json()
            fake.rules += orders.get("rules", [])
            fake.skew += orders.get("clock", 0)
            for name, value in orders.get("set", {}).items():
                setattr(fake, name.replace("-", "_"), value)
        return Answer(200, {})

    def any(self):
        size = int(self.headers.get("Content-Length") or 0)
        request = Request(self.command, self.path, self.headers, self.rfile.read(size).decode("utf-8", "replace"))
        fake = self.fake
        if request.path.startswith("/_control"):
            with fake.lock:
                answer = self.control(request)
            return self.send(answer)
        if request.path == "/" and request.method == "GET":
            with fake.lock:
                page = fake.page()
            return self.send(Answer(200, page, {"Content-Type": "text/html; charset=utf-8"}))
        with fake.lock:
            fake.requests.append({"method": request.method, "path": self.path, "headers": request.headers,
                                  "body": request.body, "time": fake.now()})
            rule = fake.rule_for(request.path)
        answer = None
        if rule is None or rule.get("late") or rule.get("slow") or rule.get("cut") or "status" not in rule:
            if not (rule and rule.get("reset") and not rule.get("late")):
                try:
                    with fake.lock:
                        fake.handle(request)
                except Answer as given:
                    answer = given
        if rule:
            time.sleep(rule.get("delay", 0))
            if rule.get("reset"):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return None
            if "status" in rule:
                answer = Answer(rule["status"], rule.get("body", ""), rule.get("headers"))
        try:
            return self.send(answer, rule)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


def escape(text):
    return html.escape(str(text), quote=True)


def serve(fake, arguments=None):
    """Prints the port, then serves until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--client-ca")
    parser.add_argument("--forever", action="store_true", help="also without standard input")
    for name in getattr(fake, "options", ()):
        parser.add_argument("--" + name, default="")
    given = parser.parse_args(arguments)
    for name in getattr(fake, "options", ()):
        setattr(fake, name.replace("-", "_"), getattr(given, name.replace("-", "_")))
    Handler.fake = fake
    server = Server(("127.0.0.1", given.port), Handler)
    if given.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.cert, given.key)
        if given.client_ca:
            context.load_verify_locations(given.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    print(server.server_address[1], flush=True)
    if given.forever:
        thread.join()
    while sys.stdin.read(65536):
        pass


def style(title, body, css):
    return (f"<!doctype html><html><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>{escape(title)}</title><style>{css}</style></head><body>{body}</body></html>")
