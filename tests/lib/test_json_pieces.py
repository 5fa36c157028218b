"""A large document read piece by piece: the same pieces wherever a block ends."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats.errors import InvalidInput
from stats.lib import json_pieces
from stats.lib.json_pieces import read_items, read_pieces

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
DOCUMENTS = st.fixed_dictionaries(
    {"listed": st.lists(VALUES, max_size=5)},
    optional={"also": VALUES, "empty": st.just([]), 'a "name"': VALUES},
)


@pytest.fixture
def block_length(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """How much is read from the file at once."""
    monkeypatch.setattr(json_pieces, "BLOCK_LENGTH", request.param)
    return request.param


def assembled(data: bytes) -> dict[str, Any]:
    """The document that the pieces make."""
    made: dict[str, Any] = {}
    for piece in read_pieces(io.BytesIO(data), {"listed", "empty"}):
        if piece.is_item:
            made[piece.name].append(json.loads(piece.raw))
        else:
            made[piece.name] = json.loads(piece.raw)
    return made


@pytest.mark.parametrize("block_length", [1, 3, 64, 1 << 20], indirect=True)
@settings(max_examples=40)
@given(document=DOCUMENTS, indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_its_pieces_make_the_document(
    block_length: int, document: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    data = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    encoded = data.encode("utf-8", "surrogatepass")
    assert assembled(encoded) == document
    assert assembled(b"\xef\xbb\xbf" + encoded + b"\n") == document


@pytest.mark.parametrize("block_length", [1, 1 << 20], indirect=True)
def test_items_can_be_read_again(block_length: int) -> None:
    file = io.BytesIO('{"é": 1, "listed": [1, "]", {"a": []}]}'.encode())
    [announced] = [piece for piece in read_pieces(file, {"listed"}) if piece.raw == b"[]"]
    for _ in range(2):
        assert list(read_items(file, announced.offset)) == [b"1", b'"]"', b'{"a": []}']


@pytest.mark.parametrize("block_length", [1, 1 << 20], indirect=True)
@pytest.mark.parametrize(
    "text",
    [
        *("{", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" 1}', "{a:1}", '{"a":}'),
        *('{"a":1}}', '{"a":1}{', '{"listed":[1', '{"listed":[1,]}', '{"listed":[1 2]}'),
        *('{"listed":[,]}', '{"listed":[}', '{"a":[}', '{"a":"x', '{"a":"x\\"}', '{"a":1 "b":2}'),
    ],
)
def test_what_is_no_json_ends_in_an_error(block_length: int, text: str) -> None:
    with pytest.raises((InvalidInput, json.JSONDecodeError)):
        assembled(text.encode())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \n", "The file is empty."),
        (b"[]", "The file holds no JSON object."),
        (b"null", "The file holds no JSON object."),
        (b'{"a":1,"a":2}', "The file names a field twice."),
        (b'{"a":' + b"[" * 65 + b"]" * 65 + b"}", "The file is nested too deeply."),
    ],
)
def test_it_says_what_is_wrong(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        assembled(data)
    assert caught.value.args[0] == sentence


class Endless(io.RawIOBase):
    """A file that begins as it was told to and then never ends; it counts what was read of it."""

    def __init__(self, beginning: bytes, rest: bytes) -> None:
        self.beginning, self.rest, self.length = io.BytesIO(beginning), rest, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.length = offset
        return self.beginning.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        data = self.beginning.read(size)
        data += (self.rest * (size // len(self.rest) + 1))[: size - len(data)]
        self.length += len(data)
        return data


@pytest.mark.parametrize(
    ("beginning", "rest"),
    [
        (b"[", b"["),
        (b"", b"[],"),
        (b'{"listed":[', b"["),
        (b'{"a":[', b"[],"),
        (b'{"a":"', b"x"),
        (b'{"a":', b"1"),
        (b'{"listed":[{"messages":[', b"[],"),
    ],
)
def test_it_stops_at_the_first_thing_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, beginning: bytes, rest: bytes
) -> None:
    monkeypatch.setattr(json_pieces, "PIECE_LENGTH", 64_000)
    monkeypatch.setattr(json_pieces, "BLOCK_LENGTH", 8_000)
    # Threads that other tests have left may allocate meanwhile: they only add.
    assert min(peak_of_refusal(beginning, rest) for _ in range(3)) <= 4 * 64_000


def peak_of_refusal(beginning: bytes, rest: bytes) -> int:
    """Read until it is refused, soon; return how much memory that took at most."""
    file = Endless(beginning, rest)
    tracemalloc.start()
    with pytest.raises(InvalidInput):
        list(read_pieces(file, {"listed"}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.length <= 64_000 + 3 * 8_000
    return peak
