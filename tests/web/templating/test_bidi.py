"""People's words in sentences of ours: isolated, whatever stands in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.web.templating.bidi import isolate, isolate_plain

OVERRIDE, ISOLATE, POP = "\u202e", "\u2067", "\u2069"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain", "plain"),
        ("<b>", "&lt;b&gt;"),
        (OVERRIDE, OVERRIDE),
        (f"a{POP}{OVERRIDE}b", f"a{OVERRIDE}b"),
        (f"{ISOLATE}a", f"{ISOLATE}a{POP}"),
        (f"{ISOLATE}a{POP}b{POP}", f"{ISOLATE}a{POP}b"),
    ],
)
def test_it_lets_nothing_out(text: str, kept: str) -> None:
    assert isolate(text) == f"<bdi>{kept}</bdi>"
    assert "<" in text or isolate_plain(text) == f"\u2068{kept}\u2069"


@given(st.text(st.sampled_from(["a", OVERRIDE, ISOLATE, "\u2066", "\u2068", POP])))
def test_it_closes_what_it_opens(text: str) -> None:
    depth = 0
    for place, character in enumerate(isolated := isolate_plain(text)):
        depth += (character in "\u2066\u2067\u2068") - (character == POP)
        assert depth > 0 or place == len(isolated) - 1
    assert depth == 0
    assert isolated.replace(POP, "") == "\u2068" + text.replace(POP, "")
