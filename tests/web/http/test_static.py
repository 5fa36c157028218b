"""Static files and the addresses on the pages."""

import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.helpers import Browser

HTMX_SHA256 = "491955cd1810747d7d7b9ccb936400afb760e06d25d53e4572b64b6563b2784e"
PRIVATE = ["/dashboard", "/settings", "/nope"]
PUBLIC = ["/", "/privacy", "/login", "/signup", "/nope"]
YEAR = 31_536_000


def addresses(page: str, *attributes: str) -> Iterator[str]:
    for attribute in attributes:
        for address in re.findall(rf'\b{attribute}="([^"]+)"', page):
            yield html.unescape(address)


def pages(app: Flask, alice: Browser) -> Iterator[tuple[Browser, str]]:
    visitor = Browser(app)
    for browser, urls in ((alice, PRIVATE), (visitor, PUBLIC)):
        for url in urls:
            yield browser, browser.get(url).text


def test_it_serves_htmx_as_it_was_released(client: FlaskClient) -> None:
    answer = client.get("/htmx.min.js")
    assert answer.mimetype == "text/javascript"
    assert hashlib.sha256(answer.data).hexdigest() == HTMX_SHA256


def test_it_lets_browsers_keep_what_is_fingerprinted_for_a_year(app: Flask, alice: Browser) -> None:
    seen = set()
    for browser, page in pages(app, alice):
        for address in addresses(page, "src", "href"):
            if address.startswith(("/static/", "/htmx")):
                seen.add(address)
                assert re.search(r"\?v=[0-9a-f.]+$", address)
                answer = browser.get(address)
                assert answer.status_code == 200
                assert answer.cache_control.max_age == YEAR
                assert answer.cache_control.public
                assert "Set-Cookie" not in answer.headers
    names = {re.split(r"[/?]", address)[-2] for address in seen}
    assert {"app.css", "app.js", "htmx.min.js", "icon.svg", "manifest.webmanifest"} <= names


def test_it_changes_the_address_with_the_content(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    def address() -> str:
        return re.search(r"/static/app\.css\?v=\w+", client.get("/login").text)[0]

    seen = []
    for folder, more in (("one", b""), ("same", b""), ("other", b"\n")):
        (tmp_path / folder).mkdir()
        for file in Path(app.static_folder).iterdir():
            (tmp_path / folder / file.name).write_bytes(file.read_bytes() + more)
        app.static_folder = str(tmp_path / folder)
        seen.append(address())
    assert seen[0] == seen[1] != seen[2]


def test_it_has_no_dead_addresses_on_its_pages(app: Flask, alice: Browser) -> None:
    requested = set()
    for browser, page in pages(app, alice):
        for address in addresses(page, "href", "src", "hx-get"):
            if address.startswith("#"):
                assert f'id="{address[1:]}"' in page
                continue
            assert address.startswith("/"), address
            answer = browser.get(address)
            if answer.status_code == 302:
                assert answer.location.startswith(("/login?next=", "/dashboard"))
            else:
                assert answer.status_code in (200, 204), address
            requested.add(address)
    assert {"/", "/login", "/signup", "/privacy", "/dashboard", "/settings"} <= requested


def test_it_has_no_forms_that_lead_nowhere(app: Flask, alice: Browser) -> None:
    requested = set()
    for browser, page in pages(app, alice):
        for address in addresses(page, "action", "hx-post"):
            assert address.startswith("/")
            # Without a token each of them refuses; a wrong address or method would say so.
            assert browser.client.post(address).status_code == 400, address
            requested.add(address)
    assert {"/login", "/signup", "/logout", "/settings", "/dashboard/mood"} <= requested


def test_it_has_a_manifest_whose_addresses_work(client: FlaskClient) -> None:
    answer = client.get("/static/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    manifest = json.loads(answer.text)
    assert manifest["icons"]
    for address in [manifest["start_url"], *(icon["src"] for icon in manifest["icons"])]:
        response = client.get(urljoin("/static/manifest.webmanifest", address))
        assert response.status_code in (200, 302), address


@pytest.mark.parametrize(
    "url", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"]
)
def test_it_serves_nothing_from_outside(client: FlaskClient, url: str) -> None:
    assert client.get(url, environ_overrides={"PATH_INFO": url}).status_code in (302, 308, 404)


@pytest.mark.parametrize("name", ["app.css", "app.js", "icon.svg", "icon-512.png"])
def test_it_names_what_a_file_is(client: FlaskClient, name: str) -> None:
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png"}
    answer = client.get(f"/static/{name}")
    assert answer.mimetype == kinds[name.rpartition(".")[2]]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_part_of_a_file_depends_on_what_the_whole_depends_on(client: FlaskClient) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-15.3.7"""
    whole = client.get("/static/app.css")
    part = client.get("/static/app.css", headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.data)) == (206, 100)
    assert part.headers["Vary"] == whole.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "address", ["/static/app.css?v=0123456789ab", "/static/app.css", "/htmx.min.js?v=9.9.9"]
)
def test_it_has_other_addresses_asked_for_again(client: FlaskClient, address: str) -> None:
    """An old instance answers a new page's address with its own old file."""
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.cache_control.no_cache
    assert answer.cache_control.max_age is None
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.cache_control.max_age) == (304, None)
