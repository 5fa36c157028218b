"""Mozilla's Observatory over the running application: prints each test, gates on 120 points.

`make observatory` runs it. The grader asks by HTTP and by HTTPS, so a proxy stands before the
application and does what nginx does in a deployment: it ends TLS, says so in `X-Forwarded-*`, and
sends plain HTTP on to HTTPS. No header that is graded comes from it.
"""

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.live_server import LiveServer, serve

ENOUGH = 120
PATHS = ("/", "/login")
# The second is how `serve` asks whether the application is ready.
HOSTS = "localhost,127.0.0.1"
GRADER = Path("build/npm/node_modules/@mdn/mdn-http-observatory")
HANDSHAKE = b"\x16"
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")
CERTIFICATE = (
    *("openssl", "req", "-x509", "-nodes", "-days", "1", "-newkey", "ec"),
    *("-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
)


class Handler(BaseHTTPRequestHandler):
    """One connection: what comes by TLS is passed on, anything else is told to come by HTTPS."""

    server: "Proxy"
    timeout = 20

    def setup(self) -> None:
        self.safe = self.request.recv(1, socket.MSG_PEEK) == HANDSHAKE
        if self.safe:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        if self.safe:
            self.pass_on()
        else:
            self.send_response_only(301)
            self.send_header("Location", f"https://{self.headers['Host']}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_OPTIONS = do_GET

    def pass_on(self) -> None:
        """Answer as the application does, header by header."""
        origin = HTTPConnection("127.0.0.1", self.server.origin, timeout=20)
        forwarded = {
            "X-Forwarded-For": self.client_address[0],
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": self.headers["Host"],
        }
        origin.request(self.command, self.path, headers={**dict(self.headers), **forwarded})
        answer = origin.getresponse()
        body = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        origin.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the scores are what is to be read."""


class Proxy(ThreadingHTTPServer):
    """HTTP and HTTPS on one port of loopback, told apart by a connection's first byte."""

    def __init__(self, tls: ssl.SSLContext, origin: int) -> None:
        self.tls, self.origin = tls, origin
        super().__init__(("127.0.0.1", 0), Handler)


def main() -> None:
    """Grade the pages; exit with 1 if one has fewer than ENOUGH points."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))
        site = serve(Path(folder) / "data", TRUSTED_PROXIES="1", TRUSTED_HOSTS=HOSTS)
        try:
            with proxy(site, certificate) as port:
                poor = [path for path in PATHS if not show(path, grade(port, path, certificate))]
            site.press_ctrl_c()
        finally:
            site.destroy()
    sys.exit(1 if poor else 0)


def make_certificate(folder: Path) -> Path:
    """Return a file with a key and a certificate for localhost, valid for a day."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    out = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run([*CERTIFICATE, *out], check=True, capture_output=True)
    return certificate


@contextmanager
def proxy(site: LiveServer, certificate: Path) -> Iterator[int]:
    """Stand before a site; yield the port."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with Proxy(tls, site.port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def grade(port: int, path: str, certificate: Path) -> dict[str, Any]:
    """Return what the grader finds."""
    # Its installation would download Chromium's list of preloaded hosts; localhost is on none.
    (GRADER / "conf" / "hsts-preload.json").write_text("{}")
    done = subprocess.run(
        ["node", str(GRADER / "src" / "scan.js"), f"localhost:{port}{path}"],
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(certificate)},
        timeout=25,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert not report.get("error"), report
    return report


def show(path: str, report: dict[str, Any]) -> bool:
    """Print one page's tests and score; return whether it is enough and all are passed."""
    scan = report["scan"]
    print(f"{path}  {scan['score']} ({scan['grade']}), {scan['testsFailed']} failed")
    for name, test in sorted(report["tests"].items()):
        mark = "ok" if test["pass"] else "NO"
        print(f"  {mark}  {test['scoreModifier'] or 0:+4d}  {name:<30}{test['result']}")
    return bool(scan["score"] >= ENOUGH and not scan["testsFailed"])


if __name__ == "__main__":
    main()
