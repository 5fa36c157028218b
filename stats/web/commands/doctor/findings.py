"""The findings of `flask doctor`; a test compares the codes with the table in docs/commands.md."""

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """The kinds of findings, worst first within each ten; also the exit codes."""

    SECRET_WEAK = 10
    SERVICE_KEY_WEAK = 11
    HOST_NOT_SERVED = 12
    PLAIN_HTTP = 13
    NO_PROXY = 14
    NO_LIMITS = 15
    STRIPE_HALF_SET = 16
    MAIL_HALF_SET = 17

    FOLDER_OPEN = 20
    FILE_OPEN = 21
    FILE_EMPTY = 22

    STORE_UNREACHABLE = 30
    STORE_ACCESS_DENIED = 31
    STORE_OLD = 32
    STORE_REPLICA = 33
    STORE_IS_CLUSTER = 34
    CLUSTER_DOWN = 35
    STORE_SCRIPTS = 36
    STORE_NOT_PERSISTENT = 37
    STORE_EVICTS = 38
    STORE_CLOCK = 39
    STORE_SLOW = 40
    STORE_REFUSES_WRITES = 41

    STRIPE_UNREACHABLE = 50
    STRIPE_KEY = 51
    STRIPE_MODE = 52
    PRODUCT = 53
    PRICE = 54
    PAYMENT_LINK = 55
    WEBHOOK_SECRET = 56
    WEBHOOK_FAILS = 57
    WEBHOOK_OPEN = 58
    ENDPOINT = 59
    ENDPOINT_EVENTS = 60
    PORTAL = 61

    MAIL_UNREACHABLE = 70
    MAIL_TLS = 71
    MAIL_LOGIN = 72

    ANY_HOST = 90
    STORE_LISTPACK = 91
    STORE_PERSISTENCE_UNKNOWN = 92
    ENDPOINT_UNKNOWN = 93

    @property
    def is_advice(self) -> bool:
        """Whether everything works in spite of it."""
        return self >= ADVICE


ADVICE = 90


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and its fix, as texts without secrets."""

    code: Code
    problem: str
    fix: str

    def line(self) -> str:
        """Return it as it is printed."""
        prefix = "advice " if self.code.is_advice else ""
        return f"[{self.code:d}] {prefix}{self.problem} - {self.fix}"
