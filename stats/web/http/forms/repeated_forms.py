"""Repeated forms: the second press of a button leads where the first one led.

Both presses carry the same cookie and the same `op`, which the form was given when its page was
made. The first one runs the view. Its answer and session are kept for some minutes, sealed with
what only this browser and this form have, and each further press gets them again. Another browser
with the same link has another secret, and whoever has copied the cookie does not have the `op`.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from os import SEEK_END
from secrets import token_urlsafe
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, request, session
from flask.sessions import session_json_serializer
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from stats.errors import StoreUnavailable
from stats.store.circuit_breaker import REDIS_ERRORS
from stats.store.sealed_results import SealedResult
from stats.web.http.forms import csrf
from stats.web.runtime import db

View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Give the templates `new_op()`, a form's `op`."""
    app.jinja_env.globals["new_op"] = new_op


def new_op() -> str:
    """Return an `op` that nobody can guess (72 bits)."""
    return token_urlsafe(9)


def repeatable(view: View) -> View:
    """Mark a view whose POST may count once: a repeated one is answered as the first one was.

    A POST that failed (400 and above) is forgotten, and so is one without an `op`. While the first
    one is under way the others wait; raises StoreUnavailable if that takes over five seconds.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        result = _result()
        if result is None:
            return cast(ResponseReturnValue, view(*args, **kwargs))
        while not result.claim():
            if kept := result.wait():
                return _answer(kept)
        return _run(result, lambda: view(*args, **kwargs))

    wrapper.is_repeatable = True  # type: ignore[attr-defined]
    return cast(View, wrapper)


def replay(view: Callable[..., Any]) -> Response | None:
    """Return the answer to the form that this one repeats, None if there is none.

    For a session that has ended: what the first one did may have been to end it.
    """
    result = _result() if hasattr(view, "is_repeatable") and csrf.has_valid_token() else None
    kept = result and result.wait()
    return _answer(kept) if kept else None


def _result() -> SealedResult | None:
    secret = csrf.browser_secret()
    if request.method != "POST" or not secret or not request.form.get("op"):
        return None
    fields = list(request.form.items(multi=True))
    files = [(file.filename, _size(file)) for file in request.files.values()]
    return SealedResult(db(), json.dumps([secret, request.path, fields, files]))


def _size(file: FileStorage) -> int:
    size = file.stream.seek(0, SEEK_END)
    file.stream.seek(0)
    return size


def _run(result: SealedResult, act: Callable[[], ResponseReturnValue]) -> Response:
    try:
        response = current_app.make_response(act())
    except Exception:
        _try(result.release)
        raise
    if response.status_code < 400:
        _try(lambda: result.keep(_dump(response)))
    else:
        _try(result.release)
    return response


def _try(write: Callable[[], None]) -> None:
    # What the view did is done, and its answer must not be lost with the store.
    with suppress(*REDIS_ERRORS, StoreUnavailable):
        write()


def _dump(response: Response) -> bytes:
    # Both presses get one secret, so that the page of either has a token that holds.
    csrf.ensure_secret()
    kept = {
        "status": response.status_code,
        "headers": list(response.headers),
        "body": response.get_data(),
        "session": dict(session),
    }
    return session_json_serializer.dumps(kept).encode()


def _answer(kept: bytes) -> Response:
    result = session_json_serializer.loads(kept.decode())
    session.clear()
    session.update(result["session"])
    return Response(result["body"], result["status"], result["headers"])
