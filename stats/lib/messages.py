"""Messages that are made outside a request and translated where they are shown.

They are English here, as the API answers them. `stats.web.templating.translation` translates them,
which is why they are marked, and why a sentence with values keeps its pattern.
"""

from typing import Any


def N_(text: str) -> str:
    """Return `text`, marked as one that is translated where it is shown."""
    return text


def both(one: str, many: str) -> tuple[str, str]:
    """Return the singular and the plural of a pattern, marked like `N_` does."""
    return one, many


class Sentence(str):
    """A pattern such as `%(low)s are lower.` with its values put in; `num` decides the plural."""

    one: str
    many: str
    values: dict[str, Any]

    def __new__(cls, one: str, many: str = "", /, **values: Any) -> "Sentence":
        """Return the English sentence."""
        sentence = super().__new__(cls, (many if many and values["num"] != 1 else one) % values)
        sentence.one, sentence.many, sentence.values = one, many, values
        return sentence
