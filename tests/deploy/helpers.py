"""nginx with the shipped configuration, and a client that speaks HTTP/2 to it."""

import getpass
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.badday.valkey import Valkey
from tests.support.live_server import ROOT, LiveServer, eventually, free_port, serve

DEPLOY = ROOT / "docs" / "deploy"
DEPLOY_PAGE = ROOT / "docs" / "deploy.md"
HOST = "aira.example"
KEY, SECRET = "key-behind-the-proxy", "secret-key-behind-the-proxy"


def start_instance(folder: Path, valkey: Valkey, **more: str) -> LiveServer:
    """Start the application as one instance of a deployment behind one proxy."""
    settings = {
        "REDIS_URL": f"unix://{valkey.socket}",
        "SECRET_KEY": SECRET,
        "STATS_API_KEYS": KEY,
        "TRUSTED_HOSTS": f"{HOST},127.0.0.1",
        "TRUSTED_PROXIES": "1",
    }
    return serve(folder / "data", **settings | more)


# What Debian's package brings, without what is a matter of taste.
PACKAGED = """user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
include /etc/nginx/modules-enabled/*.conf;

events {
\tworker_connections 768;
}

http {
\tinclude /etc/nginx/sites-enabled/*;
}
"""
IPV6 = "[::1]"


def main_configuration(folder: Path) -> str:
    """Debian's own file after the command of docs/deploy.md, with other paths and user."""
    command = re.search(r"^sed -i '(.*)' /etc/nginx/nginx.conf", DEPLOY_PAGE.read_text(), re.M)
    assert command
    (packaged := folder / "packaged.conf").write_text(PACKAGED)
    subprocess.run(["sed", "-i", command[1], str(packaged)], check=True)
    places = {
        "user www-data;": f"user {getpass.getuser()};",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/": f"{folder}/",
        "/etc/nginx/sites-enabled/*": f"{folder}/site.conf",
    }
    # The folders that the package keeps them in are root's.
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    return _replace(packaged.read_text(), places).replace("http {\n", f"http {{\n{temporary}", 1)


def site_configuration(folder: Path, plain: int, tls: int) -> str:
    """The shipped site with other ports and paths, and nothing else."""
    places = {
        "listen 80": f"listen 127.0.0.1:{plain}",
        "listen 443": f"listen 127.0.0.1:{tls}",
        "listen [::]:80": f"listen {IPV6}:{plain}",
        "listen [::]:443": f"listen {IPV6}:{tls}",
        "/var/log/nginx/": f"{folder}/",
        "/etc/nginx/": f"{folder}/",
        f"/etc/letsencrypt/live/{HOST}/": f"{folder}/",
        "/var/www/html": f"{folder}/html",
        "/srv/aira-stats/current/": f"{ROOT}/",
    }
    return _replace((DEPLOY / "nginx.conf").read_text(), places)


def _replace(text: str, places: Mapping[str, str]) -> str:
    for shipped, here in places.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    return text


@dataclass
class Nginx:
    """A running nginx. `folder` holds its configuration, certificate and logs."""

    folder: Path
    plain: int
    tls: int

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.tls}"

    def command(self, *more: str) -> list[str]:
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        log = str(self.folder / "error.log")
        own = ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", log]
        return [nginx, *own, *more]

    def read_logs(self) -> str:
        """All that nginx has written, to all of its logs."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def curl(self, path: str, *more: str) -> "CurlResponse":
        """Ask over HTTP/2 with a certificate that is checked."""
        return curl(
            f"{self.url}{path}",
            *("--http2", "--cacert", str(self.folder / "fullchain.pem")),
            *("--resolve", f"{HOST}:{self.tls}:127.0.0.1"),
            *more,
        )


@dataclass(frozen=True)
class CurlResponse:
    """What came back. `cookies` are the whole Set-Cookie lines."""

    version: str
    status: int
    headers: Mapping[str, str]
    text: str


def curl(url: str, *more: str) -> CurlResponse:
    """Ask with curl; raises CalledProcessError if there is no answer."""
    options = ("--silent", "--show-error", "--include", "--max-time", "30")
    process = subprocess.run(["curl", *options, *more, url], capture_output=True, check=True)
    head, _, text = process.stdout.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    version, status = first.split()[:2]
    return CurlResponse(version, int(status), headers, text)


@contextmanager
def run_nginx(folder: Path, *ports: int, **changes: str) -> Iterator[Nginx]:
    """Run nginx in front of the application's instances on these ports.

    `changes` are other values for what stands behind a name and "=" in the shipped site.
    """
    nginx = Nginx(folder, free_port(), free_port())
    folder.mkdir(exist_ok=True)
    site = site_configuration(folder, nginx.plain, nginx.tls)
    for name, value in changes.items():
        site = re.sub(rf"\b{name}=\S+?\b(?=[ ;])", f"{name}={value}", site)
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(main_configuration(folder))
    (folder / "aira-upstream.conf").write_text(upstream(*ports))
    create_certificate(folder)
    process = subprocess.Popen(nginx.command("-g", "daemon off;"), stdin=subprocess.DEVNULL)
    try:
        assert eventually(lambda: process.poll() is not None or answers(nginx))
        assert process.poll() is None, "nginx did not start"
        yield nginx
    finally:
        process.terminate()
        process.wait(20)


def upstream(*ports: int) -> str:
    """The shipped list of instances with other ports."""
    shipped = (DEPLOY / "aira-upstream.conf").read_text()
    head, *servers, tail = shipped.splitlines()
    assert len(servers) == 2
    lines = [re.sub(r":300\d", f":{port}", servers[0]) for port in ports]
    return "\n".join([head, *lines, tail, ""])


def create_certificate(folder: Path) -> None:
    """Make a certificate that signs itself."""
    names = f"subjectAltName=DNS:{HOST}"
    out = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *kind, "-subj", f"/CN={HOST}", "-addext", names, *out]
    subprocess.run(command, check=True, capture_output=True)


def answers(nginx: Nginx) -> bool:
    try:
        return nginx.curl("/healthz").status > 0
    except subprocess.CalledProcessError:
        return False


def install_script(folder: Path, name: str, script: str) -> None:
    """Put a program of this name into a folder for PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    os.chmod(folder / name, 0o700)
