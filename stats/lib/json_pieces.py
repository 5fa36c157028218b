"""A large JSON document read piece by piece: the file may have any size, a piece in memory not.

The document is one object. Its members come one after another, and those that are named arrays item
by item. This finds where a piece ends; whether it is valid JSON shows when it is decoded.
"""

import re
from collections.abc import Collection, Iterator
from typing import BinaryIO, NamedTuple

from stats.errors import InvalidInput
from stats.lib.messages import N_, lazy_gettext
from stats.lib.strict_json import MAX_DEPTH, parse

BLOCK_LENGTH = 1 << 20
# 256 KiB, which the API takes at once, indented as deeply as it takes them: 32 times as much.
PIECE_LENGTH = 8 << 20
BOM = b"\xef\xbb\xbf"
SPACE = re.compile(rb"[ \t\n\r]*+")
# Where nesting begins and ends, and strings, in which brackets mean nothing. A string without its
# end, because the block ends before it, has an empty group.
MARK = re.compile(rb'[][{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
SCALAR = re.compile(rb'[^][{}",: \t\n\r]++')


class Piece(NamedTuple):
    """A member of the document, or an item of one that is an array.

    `raw` is JSON. An array that is read item by item is announced with `raw` of `[]`; its items
    can be read again from `offset`.
    """

    name: str
    raw: bytes
    offset: int = 0
    is_item: bool = False


def read_pieces(file: BinaryIO, arrays: Collection[str]) -> Iterator[Piece]:
    """Yield the members of the object in a file, those named in `arrays` item by item.

    Raises InvalidInput for what is no object, names a member twice, is too deep or, in one piece,
    too large.
    """
    text, names = _Text(file), set[str]()
    if text.peek() != b"{":
        raise InvalidInput(
            lazy_gettext("%(name)s holds no JSON object.", name=N_("The file"))
            if text.peek()
            else N_("The file is empty.")
        )
    for _ in text.items(b"{", b"}"):
        name = parse(text.string(), N_("The file"))
        text.expect(b":")
        if name in names:
            raise InvalidInput(lazy_gettext("%(name)s names a field twice.", name=N_("The file")))
        names.add(name)
        if name in arrays and text.peek() == b"[":
            yield Piece(name, b"[]", text.offset)
            yield from (Piece(name, text.value(), is_item=True) for _ in text.items(b"[", b"]"))
        else:
            yield Piece(name, text.value())
    if text.peek():
        raise _invalid()


def read_items(file: BinaryIO, offset: int) -> Iterator[bytes]:
    """Yield the items, as JSON, of the array that begins at an offset; raises InvalidInput."""
    text = _Text(file, offset)
    return (text.value() for _ in text.items(b"[", b"]"))


def _invalid() -> InvalidInput:
    return InvalidInput(lazy_gettext("%(name)s is not valid JSON.", name=N_("The file")))


class _Text:
    """The file's text from an offset on, of which a block or a piece is in memory."""

    def __init__(self, file: BinaryIO, offset: int = 0) -> None:
        file.seek(offset)
        if not offset and file.read(len(BOM)) == BOM:
            offset = len(BOM)
        self._file, self._start = file, file.seek(offset)
        self._block, self._at = b"", 0

    @property
    def offset(self) -> int:
        """Where in the file the next character stands."""
        return self._start + self._at

    def peek(self) -> bytes:
        """Return the next character that is no white space, b"" at the end."""
        while True:
            self._at = SPACE.match(self._block, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._block) or not self._more():
                return self._block[self._at : self._at + 1]

    def expect(self, character: bytes) -> None:
        """Go past a character; raises InvalidInput if another one stands there."""
        if self.peek() != character:
            raise _invalid()
        self._at += 1

    def items(self, opening: bytes, closing: bytes) -> Iterator[None]:
        """Yield whenever the next item of an array or object is to be read."""
        self.expect(opening)
        if self.peek() != closing:
            yield
            while self.peek() == b",":
                self._at += 1
                yield
        self.expect(closing)

    def string(self) -> bytes:
        """Return the string that comes next."""
        if self.peek() != b'"':
            raise _invalid()
        return self.value()

    def value(self) -> bytes:
        """Return the value that comes next."""
        first = self.peek()
        if first in (b"{", b"["):
            end = self._nested_end()
        else:
            end = self._simple_end(STRING if first == b'"' else SCALAR)
        if end - self._at > PIECE_LENGTH:
            raise _too_large()
        raw, self._at = self._block[self._at : end], end
        return raw

    def _nested_end(self) -> int:
        """Return where the array or object ends that begins here."""
        depth, done = 0, self._at
        while True:
            for mark in MARK.finditer(self._block, done):
                if mark[1] == b"":
                    break
                done = mark.end()
                if mark[1] is None:
                    depth += 1 if mark[0] in b"{[" else -1
                    if depth == 0:
                        return done
                    if depth > MAX_DEPTH:
                        raise InvalidInput(
                            lazy_gettext("%(name)s is nested too deeply.", name=N_("The file"))
                        )
            done -= self._at
            self._need_more()
            done += self._at

    def _simple_end(self, pattern: re.Pattern[bytes]) -> int:
        while True:
            match = pattern.match(self._block, self._at)
            if match and (pattern is STRING or match.end() < len(self._block)):
                return match.end()
            if not match and pattern is SCALAR:
                raise _invalid()
            self._need_more()

    def _need_more(self) -> None:
        if len(self._block) - self._at > PIECE_LENGTH:
            raise _too_large()
        if not self._more():
            raise _invalid()

    def _more(self) -> bool:
        """Read one block more, and let go of what was read; False at the end of the file."""
        block = self._file.read(BLOCK_LENGTH)
        self._block, self._start = self._block[self._at :] + block, self._start + self._at
        self._at = 0
        return bool(block)


def _too_large() -> InvalidInput:
    return InvalidInput(
        lazy_gettext("%(name)s holds a piece that is too large.", name=N_("The file"))
    )
