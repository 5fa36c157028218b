"""Flask as it is used here: without the work that nothing of ours needs."""

from collections import defaultdict
from collections.abc import MutableMapping
from gettext import NullTranslations
from types import FunctionType
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.utils import LRUCache
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from stats.web import words
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


class Said(NodeTransformer):
    """Puts the words of a language into a template where nothing is to be put into them."""

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        """Return what `_('…')` says, and other calls as they are."""
        self.generic_visit(node)
        plain = isinstance(node.node, nodes.Name) and node.node.name == "_" and not node.kwargs
        if plain and isinstance(node.args[0], nodes.Const):
            text = Markup(words.gettext(node.args[0].value))  # noqa: S704 a text of ours
            return nodes.Const(text, lineno=node.lineno)
        return node


class Templates(Environment):
    """A template environment whose templates have its own globals and no others.

    Each is compiled for each language that is spoken, so that texts need not be looked up.
    """

    context_class = Direct

    @property  # type: ignore[override]
    def cache(self) -> LRUCache:
        """The compiled templates in the language that is spoken."""
        return self._in_language[words.spoken()]

    @cache.setter
    def cache(self, _empty: object) -> None:
        self._in_language: defaultdict[NullTranslations, LRUCache]
        self._in_language = defaultdict(lambda: LRUCache(400))

    def _generate(self, source: nodes.Template, *args: Any, **how: Any) -> str:
        return super()._generate(Said().visit(source), *args, **how)

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
