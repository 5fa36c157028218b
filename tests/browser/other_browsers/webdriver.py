"""WebDriver (https://www.w3.org/TR/webdriver2/) for browsers as Debian ships them.

Playwright drives only builds of its own. Firefox listens to the commands itself (Marionette,
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html); WebKitGTK comes with a
driver that takes them over HTTP.
"""

import json
import socket
from http.client import HTTPConnection
from typing import Any, Protocol

# What WebDriver calls the key under which an element's id stands.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# The name in Marionette, then method and path over HTTP.
COMMANDS = {
    "navigate": ("WebDriver:Navigate", "POST", "url"),
    "run": ("WebDriver:ExecuteScript", "POST", "execute/sync"),
    "find": ("WebDriver:FindElement", "POST", "element"),
    "click": ("WebDriver:ElementClick", "POST", "element/{id}/click"),
    "type": ("WebDriver:ElementSendKeys", "POST", "element/{id}/value"),
    "window": ("WebDriver:GetWindowHandle", "GET", "window"),
    "windows": ("WebDriver:GetWindowHandles", "GET", "window/handles"),
    "switch": ("WebDriver:SwitchToWindow", "POST", "window"),
    "resize": ("WebDriver:SetWindowRect", "POST", "window/rect"),
    "forget": ("WebDriver:DeleteAllCookies", "DELETE", "cookie"),
    "picture": ("WebDriver:TakeScreenshot", "GET", "screenshot"),
}


class WebDriverError(Exception):
    """A command that the browser refused."""


class Driver(Protocol):
    """A session with a browser, which takes commands."""

    def send(self, command: str, **parameters: Any) -> Any:
        """Return the value that a command answers; raises WebDriverError."""


class Marionette:
    """A session with Firefox at the port on which it listens."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._stream = self._socket.makefile("rb")
        self._read()
        self._call("WebDriver:NewSession", {})

    def send(self, command: str, **parameters: Any) -> Any:
        result = self._call(COMMANDS[command][0], parameters)
        return result.get("value") if isinstance(result, dict) else result

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _call(self, name: str, parameters: dict[str, Any]) -> Any:
        message = json.dumps([0, 1, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._read()
        if error:
            raise WebDriverError(error["message"])
        return result

    def _read(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) != b":":
            assert byte, "Firefox has gone"
            length += byte
        return json.loads(self._stream.read(int(length)))


class HttpDriver:
    """A session with a browser that a driver starts, at the driver's port."""

    def __init__(self, port: int, options: dict[str, Any]) -> None:
        self._port = port
        capabilities = {"capabilities": {"alwaysMatch": options}}
        self._path = "/session/" + self._call("POST", "/session", capabilities)["sessionId"]

    def send(self, command: str, **parameters: Any) -> Any:
        _, method, path = COMMANDS[command]
        return self._call(method, f"{self._path}/{path.format(**parameters)}", parameters)

    def close(self) -> None:
        self._call("DELETE", self._path, {})

    def _call(self, method: str, path: str, parameters: dict[str, Any]) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request(method, path, json.dumps(parameters) if method == "POST" else None)
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise WebDriverError(value["message"])
        return value
