"""E-mail addresses: validated, normalised and compared."""

from email_validator import EmailNotValidError, validate_email

from stats.errors import InvalidInput
from stats.lib.normalisation import nfc
from stats.lib.text import clean

# https://www.rfc-editor.org/errata/eid1690
EMAIL_LENGTH = 254


def normalise_email(address: str) -> str:
    """Return an address in its one spelling (lower case, NFC); raises InvalidInput.

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
    return _lower(checked.normalized)


def _lower(address: str) -> str:
    # Lower case can come apart: there is a letter for a small j with a caron, none for a large one.
    return nfc(address.lower())


def canonical_email(typed: str) -> str:
    """Return the normalised form of what was typed, or, where it is no address, its lower case."""
    try:
        return normalise_email(typed)
    except InvalidInput:
        return _lower(typed.strip())


def matches_email(typed: str, address: str) -> bool:
    """Return whether somebody has typed this normalised address, however it is spelt."""
    try:
        return _lower(typed.strip()) == address or normalise_email(typed) == address
    except InvalidInput:
        return False


# Sign-up takes no address there (RFC 2606 section 2).
SAMPLE_HOST = "example.invalid"


def is_sample(address: str) -> bool:
    """Return whether an account with this e-mail address is a throw-away one."""
    return address.endswith(f"@{SAMPLE_HOST}")
