"""Static files: addresses with a fingerprint, and how long what they answer is kept."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

HTMX_VERSION = "2.0.3"
# Static files are the same for everybody: no Set-Cookie, and no Cookie in their Vary.
STATIC_ENDPOINTS = ("static", "pages.htmx")


def init_app(app: Flask) -> None:
    """Give the templates the addresses."""
    app.jinja_env.globals.update(static_url=static_url, htmx_url=htmx_url)


def static_url(name: str) -> str:
    """Return the URL of a static file, with a hash of its content."""
    return url_for("static", filename=name, v=_fingerprint(name))


def htmx_url() -> str:
    """Return the URL of htmx, with its version."""
    return url_for("pages.htmx", v=HTMX_VERSION)


def load_fingerprints() -> None:
    """Read every static file's fingerprint now; they stay what they are."""
    folder = Path(str(current_app.static_folder))
    for path in folder.rglob("*"):
        if path.is_file():
            _hash(path)


def set_static_cache(response: Response) -> None:
    """Have a static file asked for again each time unless its address has its own fingerprint.

    While a new release is rolled out, an old instance answers the new page's addresses with its
    own old files.
    """
    if response.status_code < 400 and request.args.get("v") != _current_version():
        response.cache_control.max_age = None
        response.cache_control.no_cache = True


def _current_version() -> str:
    if request.endpoint == "static":
        return _fingerprint((request.view_args or {})["filename"])
    return HTMX_VERSION


def _fingerprint(name: str) -> str:
    return _hash(Path(str(current_app.static_folder)) / name)


@cache
def _hash(path: Path) -> str:
    return hashlib.blake2s(path.read_bytes(), digest_size=6).hexdigest()
