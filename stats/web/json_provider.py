"""JSON encoding for the responses of the API and the lines of the log."""

from typing import Any

import msgspec
from flask.json.provider import DefaultJSONProvider
from flask.wrappers import Response


def encode(value: Any) -> bytes:
    """Return a JSON value as compact UTF-8 text that ends with a newline."""
    return msgspec.json.encode(value) + b"\n"


class MsgspecProvider(DefaultJSONProvider):
    """Makes `jsonify` encode with msgspec, which takes a tenth of the time."""

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a response as `jsonify` does."""
        body = encode(self._prepare_response_obj(args, kwargs))
        response_class: Any = self._app.response_class
        response: Response = response_class(body, mimetype=self.mimetype)
        return response
