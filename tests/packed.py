"""The built book served as a web host does: packed, and kept by browsers."""

import gzip
import http.server
import threading
from contextlib import contextmanager
from functools import cache
from pathlib import Path

TEXT = (".html", ".css", ".js", ".svg", ".json", ".mjs")


@contextmanager
def serve(folder: Path):
    """The address at which ``folder`` is served while the context lasts."""
    pack = cache(lambda path: gzip.compress(path.read_bytes()))

    class Packed(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            path = folder / self.path.split("?")[0].lstrip("/")
            if not path.is_file():
                return self.send_error(404)
            text = path.suffix in TEXT
            body = pack(path) if text else path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            if text:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "max-age=31536000")
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Packed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
