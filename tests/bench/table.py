"""Rows of figures with what they must reach beside them, as text or as Markdown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `must` and `aim` are None where nothing is asked; `least` is for "the less"."""

    what: str
    value: float
    must: float | None = None
    aim: float | None = None
    less: bool = False
    form: str = "{:.2f}"
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the figure reaches what it must, and what it aims at."""
        if self.must is None or self.aim is None:
            return ""
        if self._reaches(self.aim):
            return "aim"
        return "must" if self._reaches(self.must) else "SHORT"

    def _reaches(self, limit: float) -> bool:
        return self.value <= limit if self.less else self.value >= limit

    @property
    def cells(self) -> list[str]:
        """The row's columns as text."""
        bounds = ("" if bound is None else self._bound(bound) for bound in (self.must, self.aim))
        return [self.what, self.form.format(self.value), *bounds, self.verdict, self.note]

    def _bound(self, bound: float) -> str:
        return ("≤ " if self.less else "≥ ") + f"{bound:,g}"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows under one heading."""

    title: str
    rows: list[Row]


HEADS = ["", "measured", "must", "aim", "", "by the way"]


def text(parts: list[Part]) -> str:
    """Return all rows as columns."""
    lines = [[part.title, *HEADS[1:]] if row is None else row.cells for part, row in _lines(parts)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _lines(parts: list[Part]) -> list[tuple[Part, Row | None]]:
    return [(part, row) for part in parts for row in (None, *part.rows)]


def _aligned(cells: list[str], widths: list[int]) -> str:
    left = {0, len(cells) - 1}
    padded = (
        cell.ljust(width) if column in left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()


def markdown(parts: list[Part]) -> str:
    """Return all rows as one Markdown table, headings in bold."""
    lines = ["| | Measured | Must | Aim | | By the way |", "|---|---:|---:|---:|---|---|"]
    for part, row in _lines(parts):
        cells = [f"**{part.title}**", *[""] * 5] if row is None else row.cells
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
