"""A real HTTP server that behaves as a vector says."""

from __future__ import annotations

import email.utils
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def serving(behaviour: dict[str, Any]) -> Iterator[str]:
    """The base URL of a server with the behaviour of ``data.server``; nobody listens there when it refuses."""
    if behaviour.get("refuse"):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        return
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if behaviour.get("close"):
                self.close_connection = True
                return
            if "delay_ms" in behaviour and ended.wait(behaviour["delay_ms"] / 1000):
                return
            self._answer()

        def _answer(self) -> None:
            content, content_type = _content(behaviour)
            status = behaviour["status"]
            self.send_response(status)
            headers = {"Content-Type": content_type, **behaviour.get("headers", {})}
            for name, value in headers.items():
                if value is not None:
                    self.send_header(name, _header(value))
            if status not in (204, 304):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if behaviour.get("stall") == "body":
                self.wfile.flush()
                ended.wait(60)
            elif content:
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _content(behaviour: dict[str, Any]) -> tuple[bytes, str | None]:
    if "text" in behaviour:
        return behaviour["text"].encode(), "text/plain"
    if "body" in behaviour:
        return json.dumps(behaviour["body"], ensure_ascii=False).encode(), "application/json"
    return b"", None


def _header(value: Any) -> str:
    if isinstance(value, dict):
        return email.utils.formatdate(time.time() + value["date_in_seconds"], usegmt=True)
    return str(value)
