"""Our own texts as HTML."""

import pytest

from stats.web.templating.formatting import unbroken


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("No words", "No words"),
        ("A check-in", 'A <span class="nowrap">check-in</span>'),
        ("- <b> co-op-run", '- &lt;b&gt; <span class="nowrap">co-op-run</span>'),
    ],
)
def test_no_line_ends_within_a_word(text: str, drawn: str) -> None:
    assert unbroken(text) == drawn
