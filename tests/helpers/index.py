"""A small package index on loopback: PEP 691 or PEP 503, with the faults that networks have."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Index:
    """What the server offers: files by name, and how it misbehaves."""

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, bytes] = {}
        self.json = True
        self.break_after: int | None = None  # bytes after which the first transfer of a file is cut
        self.resumes = True
        self.asked: list[tuple[str, str | None, str | None]] = []  # path, Range, Authorization


@contextmanager
def serving() -> Iterator[Index]:
    index = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append((self.path, self.headers["Range"], self.headers["Authorization"]))
            if self.path.startswith("/simple/"):
                self._listing()
            else:
                self._file(self.path.rsplit("/", 1)[-1])

        def _listing(self) -> None:
            if self.path != "/simple/some-thing/":
                self.send_error(404)
                return
            if index.json and "v1+json" in self.headers["Accept"]:
                listing = {"files": [{"filename": n, "url": f"../../files/{n}", "hashes": {}} for n in index.files]}
                self._send(json.dumps(listing).encode(), "application/vnd.pypi.simple.v1+json")
            else:
                links = "".join(f'<a href="../../files/{n}#sha256=0">{n}</a><br>' for n in index.files)
                self._send(f"<html><body>{links}</body></html>".encode(), "text/html")

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _file(self, name: str) -> None:
            body = index.files[name]
            start = 0
            if self.headers["Range"] and index.resumes:
                start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            stop, index.break_after = index.break_after, None
            self.wfile.write(body[start:stop])

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
