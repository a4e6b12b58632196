"""A small HTTP service for API handlers: the first request of each order is turned away."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Orders(BaseHTTPRequestHandler):
    seen: set[str] = set()
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            is_first = self.path not in self.seen
            self.seen.add(self.path)
        if is_first:
            self.answer(503, {"error": "busy"}, {"Retry-After": "1"})
        elif self.path.endswith("/404"):
            self.answer(404, {"message": "no such order"}, {})
        else:
            self.answer(200, {"id": self.path.rsplit("/", 1)[-1], "total": 12.5}, {})

    def answer(self, status: int, body: object, headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Orders)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
sys.stdout.flush()
server.serve_forever()
