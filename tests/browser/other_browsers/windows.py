"""A window of a browser that is driven by WebDriver, and the keys that are pressed in it."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.other_browsers.webdriver import ELEMENT, Driver, WebDriverError
from tests.support.live_server import eventually

# https://www.w3.org/TR/webdriver2/#keyboard-actions
RIGHT, END, TAB, SPACE = "\ue014", "\ue010", "\ue004", " "


@dataclass
class Window:
    """A window without bars: its width is the page's, however narrow."""

    name: str
    driver: Driver
    url: str

    def open(self, path: str) -> None:
        """Load a page of the site and wait until it is there."""
        self.driver.send("navigate", url=self.url + path)
        self.wait_for("document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        return self.driver.send("run", script=f"return ({expression});", args=[])

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true; pages may come and go meanwhile."""
        assert eventually(lambda: self._is_true(expression), 30), (self.name, expression)

    def _is_true(self, expression: str) -> bool:
        try:
            return bool(self.run(expression))
        except WebDriverError:
            return False

    def wait_for_path(self, path: str) -> None:
        assert eventually(lambda: self.is_at(path), 30), (self.name, path)

    def is_at(self, path: str) -> bool:
        """Whether the page of this path is there as a whole."""
        return self._is_true(
            f"location.pathname === '{path}' && document.readyState === 'complete'"
        )

    def text(self, selector: str) -> str:
        """The words of the first element that a selector finds, as a line."""
        return " ".join(str(self.run(f"document.querySelector('{selector}').innerText")).split())

    def click(self, selector: str) -> None:
        self.driver.send("click", id=self._element(selector))

    def type(self, selector: str, keys: str) -> None:
        self.driver.send("type", id=self._element(selector), text=keys)

    def _element(self, selector: str) -> str:
        found = self.driver.send("find", using="css selector", value=selector)
        return str(found[ELEMENT])

    def resize(self, width: int, height: int) -> None:
        """Make the page this wide, in CSS pixels."""
        self.driver.send("resize", width=width, height=height)
        self.wait_for(f"innerWidth === {width}")

    def save_picture(self, path: Path) -> None:
        """Save what is seen of the page as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.driver.send("picture")))


def open_window(name: str, driver: Driver, url: str) -> Window:
    """Open a window without bars: a browser's first one cannot be as narrow as a phone."""
    driver.send("navigate", url=f"{url}/privacy")
    first = driver.send("window")
    script = "window.open(location.href, '_blank', 'popup,width=360,height=800');"
    driver.send("run", script=script, args=[])
    assert eventually(lambda: len(driver.send("windows")) == 2)
    (popup,) = (handle for handle in driver.send("windows") if handle != first)
    driver.send("switch", handle=popup)
    window = Window(name, driver, url)
    window.wait_for_path("/privacy")
    return window
