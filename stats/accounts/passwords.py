"""What people give an account: an address, a name, a password, a theme. Checked, not stored."""

from collections.abc import Iterable
from functools import cache

from email_validator import EmailNotValidError, validate_email

from stats.errors import InvalidInput
from stats.sentences import N_, Sentence
from stats.text import clean

NAME_LENGTH = 80
# https://www.rfc-editor.org/errata/eid1690
EMAIL_LENGTH = 254
PASSWORD_LENGTHS = (8, 128)
PASSWORD_BYTES = 1024
THEMES = ("system", "light", "dark")
OWN_WORDS = N_("Choose a password that is not your name or e-mail address.")
COMMON = N_("This password is among the first that others would guess. Choose another one.")


def normalise_email(address: str) -> str:
    """Return an address in its one spelling (NFC, lower case); raises InvalidInput.

    Lower case as a whole: RFC 5321 leaves the local part to its host, and people do not.
    """
    address = clean(address, "email").strip()
    try:
        # What normalising costs grows with the square of the length.
        if len(address) > EMAIL_LENGTH:
            raise EmailNotValidError
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        raise InvalidInput("This is not an e-mail address.", "email") from None
    return checked.normalized.lower()


def one_spelling(typed: str) -> str:
    """Return what stands for an address however it is spelt, whether or not it is one."""
    try:
        return normalise_email(typed)
    except InvalidInput:
        return typed.strip().lower()


def is_address(typed: str, address: str) -> bool:
    """Return whether somebody has typed this normalised address, however it is spelt."""
    try:
        return typed.strip().lower() == address or normalise_email(typed) == address
    except InvalidInput:
        return False


def check_password(password: str, about: Iterable[str] = ()) -> str:
    """Return a password of 8 to 128 characters (any Unicode, never cut) or raise InvalidInput.

    The commonest are refused, and what `about` tells of its owner: a name, an e-mail address and
    its local part (https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver).
    """
    least, most = PASSWORD_LENGTHS
    clean(password, "password")
    if not least <= len(password) <= most or is_too_long(password):
        raise InvalidInput(
            Sentence("A password needs %(least)s to %(most)s characters.", least=least, most=most),
            "password",
        )
    if password.casefold() in _about(about):
        raise InvalidInput(OWN_WORDS, "password")
    if password.casefold() in _commonest():
        raise InvalidInput(COMMON, "password")
    return password


def is_too_long(password: str) -> bool:
    """Return whether a password is longer than 1 KiB, so that it is not even hashed."""
    return len(password.encode("utf-8", "replace")) > PASSWORD_BYTES


def _about(words: Iterable[str]) -> set[str]:
    folded = {word.strip().casefold() for word in words}
    return folded | {word.partition("@")[0] for word in folded}


@cache
def _commonest() -> frozenset[str]:
    # Only the first password that is chosen needs the list; the start should not wait for it.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

    return frozenset(FREQUENCY_LISTS["passwords"])


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
