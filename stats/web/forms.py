"""What the forms of more than one page have in common."""

import re

from stats.errors import InvalidInput

NUMBER = re.compile(r"\d{1,2}(\.\d{1,3})?", re.ASCII)


def read_score(text: str) -> float:
    """Return the score in a form field; raises InvalidInput for what is no number."""
    if not NUMBER.fullmatch(text.strip()):
        raise InvalidInput("Choose a place on the line, from 0 to 10.", "score")
    return float(text)
