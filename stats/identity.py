"""What people give an account: an address, a name, a password, a theme. Checked, not stored."""

from email_validator import EmailNotValidError, validate_email

from stats.errors import InvalidInput
from stats.sentences import Sentence
from stats.text import clean

NAME_LENGTH = 80
PASSWORD_LENGTHS = (8, 128)
PASSWORD_BYTES = 1024
THEMES = ("system", "light", "dark")


def normalise_email(address: str) -> str:
    """Return an address in its one spelling (NFC, lower case); raises InvalidInput.

    Lower case as a whole: RFC 5321 leaves the local part to its host, and people do not.
    """
    try:
        checked = validate_email(clean(address, "email").strip(), check_deliverability=False)
    except EmailNotValidError:
        raise InvalidInput("This is not an e-mail address.", "email") from None
    return checked.normalized.lower()


def is_address(typed: str, address: str) -> bool:
    """Return whether somebody has typed this normalised address, however it is spelt."""
    try:
        return typed.strip().lower() == address or normalise_email(typed) == address
    except InvalidInput:
        return False


def check_password(password: str) -> str:
    """Return a password of 8 to 128 characters (any Unicode, never cut) or raise InvalidInput."""
    least, most = PASSWORD_LENGTHS
    clean(password, "password")
    if not least <= len(password) <= most or len(password.encode()) > PASSWORD_BYTES:
        raise InvalidInput(
            Sentence("A password needs %(least)s to %(most)s characters.", least=least, most=most),
            "password",
        )
    return password


def check_name(name: str) -> str:
    """Return a name of 1 to 80 characters without white space around it, or raise InvalidInput."""
    name = clean(name, "name").strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        raise InvalidInput(
            Sentence("A name needs 1 to %(most)s characters.", most=NAME_LENGTH), "name"
        )
    return name


def check_theme(theme: str) -> str:
    """Return a theme that pages have, or raise InvalidInput."""
    if theme not in THEMES:
        raise InvalidInput("Choose system, light or dark.", "theme")
    return theme
