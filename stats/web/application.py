"""Flask as it is used here: without the work that nothing of ours needs."""

from collections.abc import MutableMapping
from types import FunctionType
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2.runtime import Context

from stats.web.json_text import Provider


class Direct(Context):
    """What a template is rendered in; it calls plain functions without asking what they take."""

    def call(self, called: Any, /, *args: Any, **values: Any) -> Any:
        """Call a function for a template."""
        if type(called) is not FunctionType or called.__dict__:
            return super().call(called, *args, **values)
        values.pop("_block_vars", None)
        values.pop("_loop_vars", None)
        return called(*args, **values)


class Templates(Environment):
    """A template environment whose templates have its own globals and no others."""

    context_class = Direct

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template: to copy Jinja's chain of two takes 12 µs a page."""
        return super().make_globals(d) if d else self.globals


class Application(Flask):
    """A Flask application none of whose functions are asynchronous."""

    jinja_environment = Templates
    json_provider_class = Provider

    def ensure_sync(self, func: Any) -> Any:
        """Return the function as it is: Flask would look at each one on every request."""
        return func
