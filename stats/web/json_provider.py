"""JSON out: the API's answers and the lines of the log."""

from typing import Any

import msgspec
from flask.json.provider import DefaultJSONProvider
from flask.wrappers import Response


def encode(value: Any) -> bytes:
    """Return a value of JSON's own types as compact UTF-8 text with a newline."""
    return msgspec.json.encode(value) + b"\n"


class Provider(DefaultJSONProvider):
    """Makes `jsonify` encode with msgspec, which takes a tenth of the time."""

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a response as `jsonify` does."""
        body = encode(self._prepare_response_obj(args, kwargs))
        answer: Any = self._app.response_class
        made: Response = answer(body, mimetype=self.mimetype)
        return made
