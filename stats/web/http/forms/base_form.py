"""The base of all forms, and the parsing of fields that several pages share."""

import re
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

from stats.errors import InvalidInput
from stats.lib.messages import N_
from stats.lib.normalisation import visible
from stats.lib.text import clean
from stats.store.operations import operation, operation_id
from stats.web.templating.translation import _

NUMBER = re.compile(r"\d{1,2}(\.\d{1,3})?", re.ASCII)
# Those of Latin, Arabic and Chinese or Japanese keyboards.
COMMAS = re.compile("[,\u060c\uff0c\u3001]")
OP_LENGTH = 64
ENTRY_ID_LENGTH = 13
STALE = N_("This page was open for a while. Type your password and press once more.")


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose error messages are translated."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Return whether all fields are valid; translates the messages of those that are not."""
        valid: bool = super().validate(extra_validators)
        for field in self:
            field.errors = [_(message) for message in field.errors]
        if self.csrf_token.errors:
            self.form_errors.append(_(STALE))
        return valid

    @property
    def status(self) -> int:
        """The status of the page that shows it: 400 for a stale token, 422 for other errors."""
        if not self.is_submitted():
            return 200
        return 400 if self.csrf_token.errors else 422


def read_score(text: str) -> float:
    """Return the score in a form field; raises InvalidInput unless it is a number."""
    if not NUMBER.fullmatch(text.strip()):
        raise InvalidInput("Choose a place on the line, from 0 to 10.", "score")
    return float(text)


def read_note(text: str) -> str:
    r"""Return the note in a form field, its line breaks as `\n`: forms send them as CRLF.

    https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#constructing-form-data-set
    """
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_tags(form: MultiDict[str, str]) -> list[str]:
    """Return the tags in a form: those chosen, then those typed with commas between them."""
    typed = COMMAS.split(form.get("more_tags", ""))
    return [tag for tag in (*form.getlist("tags"), *typed) if visible(tag)]


def read_entry_id(text: str) -> int:
    """Return the id of a mood entry in a form field (ms since 1970); raises InvalidInput."""
    if not (text.isascii() and text.isdigit() and len(text) <= ENTRY_ID_LENGTH):
        raise InvalidInput("This form is too old. Load the page again.", "entry")
    return int(text)


def form_operation(kind: str, op: str, *content: object) -> str:
    """Return the operation that a form's `op` stands for, "" for a form without one.

    A form keeps its `op` until a response comes. Raises InvalidInput.
    """
    op = clean(op, "op", max_length=OP_LENGTH)
    # Older versions took the content for a part of the key; their pages did not name their day.
    older = tuple(part for part in content if part is not None)
    return operation(kind, op, content, before=operation_id(kind, f"{op}:{older}"))
