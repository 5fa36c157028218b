"""What the forms of more than one page have in common."""

import re
from typing import Any

from flask_wtf import FlaskForm

from stats.errors import InvalidInput
from stats.lib.text import clean
from stats.store.keys import operation_id
from stats.web.templating.translation import _

NUMBER = re.compile(r"\d{1,2}(\.\d{1,3})?", re.ASCII)
OP_LENGTH = 64


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose sentences are put into the language of the request."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Return whether all fields are as they should be."""
        valid: bool = super().validate(extra_validators)
        for field in self:
            field.errors = [_(sentence) for sentence in field.errors]
        return valid


def read_score(text: str) -> float:
    """Return the score in a form field; raises InvalidInput for what is no number."""
    if not NUMBER.fullmatch(text.strip()):
        raise InvalidInput("Choose a place on the line, from 0 to 10.", "score")
    return float(text)


def form_operation(kind: str, op: str, *content: object) -> str:
    """Return the id under which a form's operation is remembered, "" for a form without an `op`.

    A form keeps its `op` until an answer comes: what was changed meanwhile is another operation.
    """
    op = clean(op, "op", max_length=OP_LENGTH)
    return operation_id(kind, f"{op}:{content}" if op else "")
