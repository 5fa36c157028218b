"""What the domain raises. `stats.web.http.error_pages` alone turns these into HTTP statuses."""


class StatsError(Exception):
    """Base of everything this package raises; its text is a sentence fit to be shown."""


class InvalidInput(StatsError):
    """A value from outside is not acceptable; nothing was changed.

    `field` names the form or body field that is at fault, when one is.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class OperationReused(InvalidInput):
    """The idempotency key belongs to an operation with other content; nothing was done."""


class UserNotFound(StatsError):
    """There are no stats under this user id, and this call does not make any."""


class SessionEnded(StatsError):
    """The login session that asks for this has ended; nothing was changed."""


class EmailTaken(StatsError):
    """An account with this e-mail address exists already."""


class NotFound(StatsError):
    """The entry or conversation that was named is not there."""


class StoreUnavailable(StatsError):
    """Redis cannot be reached or cannot serve just now; asking again later may work."""


class Busy(StatsError):
    """Only so many can do this at a time; nothing was changed, and asking again later works."""


class TooManyTries(StatsError):
    """There were too many tries in a short time; `seconds` is how long to wait."""

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


class BillingUnavailable(StatsError):
    """Stripe cannot be reached or is not set up; nothing was changed."""
