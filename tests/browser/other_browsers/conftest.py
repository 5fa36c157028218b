"""Firefox and WebKitGTK in front of the same application as Chromium."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.helpers import PASSWORD, new_identity
from tests.browser.other_browsers.webdriver import HttpDriver, Marionette
from tests.browser.other_browsers.windows import Window, open_window
from tests.support.live_server import LiveServer, eventually, free_port

FIREFOXES = ("firefox-esr", "firefox")
# Port 0: it takes a free one and writes it down.
FIREFOX_SETTINGS = """
user_pref("marionette.port", 0);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
"""
MINI_BROWSERS = ("/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/libexec/webkit2gtk-4.*/MiniBrowser")
SCREEN = "1400x1000x24"


@contextmanager
def running(*command: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, text=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def firefox(folder: Path) -> Iterator[Marionette]:
    path = next(filter(None, map(shutil.which, FIREFOXES)), None)
    assert path, "no Firefox on this machine: install firefox-esr"
    (folder / "user.js").write_text(FIREFOX_SETTINGS)
    port = folder / "MarionetteActivePort"
    command = (path, "--headless", "--marionette", "--no-remote", "--profile", str(folder))
    with (
        (folder / "log").open("w") as log,
        running(*command, stdout=log, stderr=log),
    ):
        assert eventually(lambda: port.is_file() and port.read_text(), 60)
        with closing(Marionette(int(port.read_text()))) as driver:
            yield driver


@contextmanager
def webkit(folder: Path) -> Iterator[HttpDriver]:
    found = [str(path) for pattern in MINI_BROWSERS for path in Path("/").glob(pattern[1:])]
    assert found, "no WebKitGTK on this machine: install webkit2gtk-driver"
    options = {
        "binary": found[-1],
        "args": ["--automation", "--javascript-can-open-windows-automatically=true"],
    }
    with screen() as display, (folder / "log").open("w") as log:
        own = {"DISPLAY": display, "XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
        port = free_port()
        with running("WebKitWebDriver", f"--port={port}", env=os.environ | own, stderr=log):
            assert eventually(lambda: listens(port))
            with closing(HttpDriver(port, {"webkitgtk:browserOptions": options})) as driver:
                yield driver


@contextmanager
def screen() -> Iterator[str]:
    """A screen that nobody sees; yields its name."""
    command = ("Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp")
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with running(*command, **options) as server, server.stdout:  # type: ignore[union-attr]
        yield ":" + server.stdout.readline().strip()  # type: ignore[union-attr]


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.fixture(scope="session", params=[firefox, webkit], ids=lambda start: start.__name__)
def own_window(
    request: pytest.FixtureRequest, site: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    """The one window that all tests in a browser share."""
    name = request.param.__name__
    with request.param(tmp_path_factory.mktemp(name)) as driver:
        yield open_window(name, driver, site.url)


@pytest.fixture
def window(own_window: Window) -> Window:
    """A visitor's window."""
    own_window.open("/privacy")
    own_window.driver.send("forget")
    own_window.resize(1280, 800)
    return own_window


@dataclass
class Someone:
    """Somebody who has signed up in a window."""

    window: Window
    id: str


@pytest.fixture
def someone(window: Window, site: LiveServer) -> Someone:
    """Sign up as a person does: by the form, letter by letter."""
    name, email = new_identity()
    window.open("/signup")
    window.type("[name=name]", name)
    window.type("[name=email]", email)
    window.type("[name=password]", PASSWORD)
    submit = "form:has([name=password]) [type=submit]"
    window.click(submit)
    if not eventually(lambda: window.is_at("/dashboard"), 15):
        # A busy WebKit may lose a click, and a second press of this form is the first one.
        window.click(submit)
        window.wait_for_path("/dashboard")
    return Someone(window, site.api("GET", f"/api/users?email={email}")["userId"])
