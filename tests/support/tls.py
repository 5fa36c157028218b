"""TLS before a server that has none, with a certificate that signs itself."""

import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from select import select


class TlsProxy:
    """Listens on a loopback port and carries what it gets to a server's Unix socket and back."""

    def __init__(self, folder: Path, server: Path) -> None:
        self._server, self._certificate = str(server), folder / "certificate.pem"
        names = "subjectAltName=IP:127.0.0.1"
        out = ["-keyout", str(folder / "key.pem"), "-out", str(self._certificate)]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        made = ["openssl", "req", "-x509", *kind, "-subj", "/CN=127.0.0.1", "-addext", names, *out]
        subprocess.run(made, check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self._certificate, folder / "key.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        return f"rediss://127.0.0.1:{self.port}?ssl_ca_certs={self._certificate}"

    def __enter__(self) -> "TlsProxy":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with self._listener, suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._forward, args=(client,)))
                self._threads[-1].start()

    def _forward(self, plain: socket.socket) -> None:
        with plain, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            with self._context.wrap_socket(plain, server_side=True) as client:
                while _forward_once(client, server):
                    continue


def _forward_once(client: ssl.SSLSocket, server: socket.socket) -> bool:
    """Carry what is there, either way; return whether the line still stands."""
    ready = [client] if client.pending() else select([client, server], [], [])[0]
    for end, other in ((client, server), (server, client)):
        if end in ready:
            data = end.recv(65_536)
            other.sendall(data)
            if not data:
                return False
    return True
