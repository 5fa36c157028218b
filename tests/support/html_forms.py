"""Forms as a browser reads them from HTML and sends them, with what it does to their values."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class HtmlForm:
    """A form and the fields that it would send, untouched; a list of tags and checkboxes."""

    action: str
    fields: dict[str, Any] = field(default_factory=dict)


def read_forms(page: str) -> list[HtmlForm]:
    """Return the forms of a page, in their order."""
    parser = _FormParser()
    parser.feed(page)
    return [form for form in parser.forms if form.action]


def as_sent(text: str) -> str:
    """Return a value with its line breaks as a form sends them (HTML, 4.10.22.4)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def snap(value: str, step: str) -> str:
    """Return the value of a range from 0 to 10 on its step, halves up (HTML, 4.10.5.1.13)."""
    tenths, size = round(float(value) * 10), round(float(step) * 10)
    return f"{(tenths + size // 2) // size * size / 10:g}"


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[HtmlForm] = []
        self._textarea: str | None = None
        self._typed = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(HtmlForm(attributes.get("action", "")))
        elif tag == "textarea":
            self._textarea, self._typed = attributes["name"], ""
        elif tag == "input" and "form" not in attributes and self.forms:
            self._read_input(attributes)

    def _read_input(self, attributes: dict[str, str]) -> None:
        kind, value = attributes.get("type", "text"), attributes.get("value", "")
        if kind in ("radio", "checkbox") and "checked" not in attributes:
            return
        if kind == "range":
            value = snap(value, attributes["step"])
        elif kind != "hidden":
            value = value.replace("\r", "").replace("\n", "")
        fields, name = self.forms[-1].fields, attributes.get("name", "")
        if kind == "checkbox" or name == "tags":
            fields[name] = [*fields.get(name, []), as_sent(value)]
        else:
            fields[name] = as_sent(value)

    def handle_data(self, data: str) -> None:
        self._typed += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.forms.append(HtmlForm(""))
        if tag == "textarea" and self._textarea is not None:
            # The first line break in a textarea is not part of its value (HTML, 13.2.6.4.7).
            self.forms[-1].fields[self._textarea] = as_sent(self._typed.removeprefix("\n"))
            self._textarea = None
