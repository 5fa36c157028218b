"""What the domain raises. `stats.web.http.error_pages` alone turns these into HTTP statuses.

Each has a `code`, by which a program tells it from others; a code is never changed.
"""

from typing import ClassVar


class StatsError(Exception):
    """Base of everything this package raises; its text is a sentence fit to be shown."""

    code: ClassVar[str] = "internal_error"


class InvalidInput(StatsError):
    """A value from outside is not acceptable; nothing was changed.

    `field` names the form or body field that is at fault, when one is.
    """

    code = "invalid_input"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class OperationReused(InvalidInput):
    """The idempotency key belongs to an operation with other content; nothing was done."""

    code = "idempotency_key_reused"


class UserNotFound(StatsError):
    """There are no stats under this user id, and this call does not make any."""

    code = "user_not_found"


class SessionEnded(StatsError):
    """The login session that asks for this has ended; nothing was changed."""

    code = "session_ended"


class EmailTaken(StatsError):
    """An account with this e-mail address exists already."""

    code = "email_taken"


class NotFound(StatsError):
    """The entry or conversation that was named is not there."""

    code = "not_found"


class StoreUnavailable(StatsError):
    """Redis cannot be reached or cannot serve just now; asking again later may work."""

    code = "store_unavailable"


class WritesRefused(StoreUnavailable):
    """Redis answers reads and takes no writes just now.

    Nothing was changed, or what was is not in the append-only file yet and may get lost.
    """


class Busy(StatsError):
    """Only so many can do this at a time; nothing was changed, and asking again later works."""

    code = "busy"


class TooManyTries(StatsError):
    """There were too many tries in a short time; `seconds` is how long to wait."""

    code = "too_many_requests"

    def __init__(self, seconds: int) -> None:
        super().__init__("There were too many tries. Wait a little and try again.")
        self.seconds = seconds


class CodesLocked(TooManyTries):
    """There were too many wrong codes in a row; `seconds` is how long none is looked at."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(seconds)
        self.args = (message,)


class ConfigError(StatsError):
    """A setting cannot be read; the text begins with the variable's name."""

    code = "config_error"


class BillingUnavailable(StatsError):
    """Stripe cannot be reached or is not set up; nothing was changed."""

    code = "billing_unavailable"
