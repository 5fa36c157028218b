"""Templates drawn once, with gaps."""

from collections.abc import Callable

import pytest

from stats.web.frame import Frame


def draw(gap: Callable[[object], str]) -> str:
    return f"<b>{gap('name')}</b> {gap(1)} of {gap('name')}"


def test_each_gap_gets_its_value() -> None:
    frame = Frame(draw)
    assert b"".join(frame.fill({"name": b"Maya", 1: b"2"})) == b"<b>Maya</b> 2 of Maya"
    assert b"".join(frame.fill({"name": b"Ana", 1: b"", "more": b"?"})) == b"<b>Ana</b>  of Ana"


def test_a_value_that_looks_like_a_gap_is_a_value() -> None:
    filled = b"".join(Frame(draw).fill({"name": b"\x000\x00", 1: b"\x001\x00"}))
    assert filled == b"<b>\x000\x00</b> \x001\x00 of \x000\x00"


def test_a_gap_is_never_left_open() -> None:
    with pytest.raises(KeyError, match="name"):
        Frame(draw).fill({1: b"2"})
