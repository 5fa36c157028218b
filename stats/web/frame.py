"""Templates drawn once for all, with gaps for what is somebody's own."""

import re
from collections.abc import Callable, Mapping
from html import escape


def safe(text: str) -> bytes:
    """Return a text as it may stand in a gap: Jinja, which would escape it, does not see it."""
    return escape(text).encode()


class Frame:
    """A template with gaps. `draw` draws it, and calls what it is given where it wants a gap.

    `texts` are what it consists of, `places` where among them each gap is.
    """

    def __init__(self, draw: Callable[[Callable[[object], str]], str]) -> None:
        names: list[object] = []

        def gap(name: object) -> str:
            names.append(name)
            return f"\0{len(names) - 1}\0"

        # The gaps say who they are: a translation may turn them round.
        self.texts = re.split(rb"\0(\d+)\0", draw(gap).encode())
        self.places: dict[object, list[int]] = {}
        for place in range(1, len(self.texts), 2):
            self.places.setdefault(names[int(self.texts[place])], []).append(place)

    def fill(self, values: Mapping[object, bytes]) -> list[bytes]:
        """Return the texts with their gaps filled; raises KeyError where a value is missing."""
        texts = self.texts.copy()
        for name, places in self.places.items():
            text = values[name]
            for place in places:
                texts[place] = text
        return texts
