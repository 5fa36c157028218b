"""What was said in a conversation, from Markdown to HTML.

CommonMark (https://spec.commonmark.org/) with tables and lines struck out, as models write it. HTML
in it is text, nothing is loaded from elsewhere, and nothing needs more than the policy allows.
"""

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

SCHEMES = ("http://", "https://", "mailto:")
REL = "noopener noreferrer nofollow"
# The heading above a message is an h2, so that its own begin with h3.
SHIFT, LOWEST = 2, 6
# What 50 000 characters cost at worst, of thousands of items, is a second.
LENGTH, NESTING = 50_000, 20


class Renderer(RendererHTML):
    """HTML that fits into a page of ours."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Return the start of a link that tells nobody where it was followed."""
        tokens[idx].attrSet("rel", REL)
        return self.renderToken(tokens, idx, options, env)

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Return a link in place of a picture, or its words alone where a link holds it."""
        image = tokens[idx]
        address = str(image.attrs["src"])
        words = self.renderInlineAsText(image.children, options, env) or address
        if sum(token.nesting for token in tokens[:idx] if token.type.startswith("link_")):
            return str(Markup("{}").format(words))
        return str(Markup('<a href="{}" rel="{}">{}</a>').format(address, REL, words))


class MarkdownPage:
    """Renders the texts of one page; those beyond LENGTH characters in all stay as they are."""

    def __init__(self) -> None:
        self._left = LENGTH

    def __call__(self, text: object) -> Markup:
        """Return a text as HTML, "" for what is no text.

        Each block of the top level finds its own direction. Links lead to http, https and mailto.
        """
        if not isinstance(text, str):
            return Markup()
        self._left -= len(text)
        tokens = PARSER.parse(text) if self._left >= 0 else []
        # The parser leaves out what is nested deeper.
        if not tokens or any(token.level >= NESTING - 1 for token in tokens):
            return Markup('<p class="unformatted" dir="auto">{}</p>').format(text)
        for token in tokens:
            _fit(token)
        return Markup(PARSER.renderer.render(tokens, PARSER.options, {}))  # noqa: S704 - no HTML


def _fit(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1:]) + SHIFT, LOWEST)}"
    # A style attribute is what the policy forbids.
    if style := token.attrs.pop("style", ""):
        token.attrSet("class", str(style).replace("text-align:", "align-"))
    if token.level == 0 and token.nesting == 1:
        token.attrSet("dir", "auto")


class Parser(MarkdownIt):
    """CommonMark, of which only some addresses become links."""

    def validateLink(self, url: str) -> bool:
        """Return whether `url` may be followed from a page of ours."""
        return url.lower().startswith(SCHEMES)


OPTIONS = {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": NESTING}
PARSER = Parser("commonmark", OPTIONS, renderer_cls=Renderer).enable(["table", "strikethrough"])
# The definition of a link shows nothing, and what was said is shown.
PARSER.disable("reference")
