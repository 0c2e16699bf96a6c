#!/usr/bin/env python3
"""A receiver that takes everything: answers --ok-body, or as /_control orders."""
from fake_server import Answer, Fake, escape, serve


class AnyReceiver(Fake):
    options = ("ok-body", "ok-status")

    def handle(self, request):
        raise Answer(int(self.ok_status or 200), self.ok_body, {"Content-Type": "application/json"})

    def page(self):
        return "".join(f"<pre>{escape(r['method'])} {escape(r['path'])}\n{escape(r['body'])}</pre>" for r in self.requests)


if __name__ == "__main__":
    serve(AnyReceiver())
