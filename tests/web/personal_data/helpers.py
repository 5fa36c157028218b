"""How a browser sends a file to be brought back."""

import io
import json
from typing import Any

from werkzeug.test import TestResponse

from tests.web.helpers import Browser


def upload_import(browser: Browser, data: bytes | dict[str, Any]) -> TestResponse:
    """Send a file to be brought back."""
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    return browser.post("/settings/import", {"file": (io.BytesIO(data), "aira.json")})
