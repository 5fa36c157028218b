"""Recent log-ins in words, as the settings page shows them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask_login import current_user

from stats.accounts import login_history
from stats.accounts.email_address import is_sample
from stats.accounts.login_history import LoginMethod
from stats.lib.messages import N_
from stats.web.http.current_user import current_dashboard
from stats.web.runtime import db
from stats.web.templating.dates import day_month
from stats.web.templating.formatting import moment_text
from stats.web.templating.translation import _

SHOWN, SHOWN_FAILED = 10, 5
HOW = {
    LoginMethod.PASSWORD: N_("Password"),
    LoginMethod.CODE: N_("Password and code"),
    LoginMethod.RECOVERY: N_("Recovery code"),
    LoginMethod.LINK: N_("Log-in link"),
    LoginMethod.SIGN_UP: N_("Signed up"),
}
FAILED = {LoginMethod.PASSWORD: N_("Wrong password"), LoginMethod.CODE: N_("Wrong code")}
# What an agent says of itself, most telling first: nearly all say Mozilla, and many Safari.
BROWSERS = (
    *(("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet")),
    *(("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrom", "Chrome"), ("CriOS", "Chrome")),
    *(("Safari", "Safari"), ("curl", "curl")),
)
SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS")),
    *(("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux")),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One log-in or failed try on the page."""

    at: datetime
    time: str
    how: str
    agent: str
    address: str


@dataclass(frozen=True, slots=True)
class Security:
    """What the settings page says of log-ins; `two_factor` is None where there is none to have."""

    logins: list[Line]
    failures: list[Line]
    two_factor: bool | None


def recent() -> Security:
    """Return the last log-ins and failed tries of the member who asks, in one round trip."""
    log = login_history.read_history(db(), current_user.id)
    return Security(
        [_line(entry, HOW[entry.method]) for entry in log.logins[:SHOWN]],
        [_line(entry, FAILED[entry.method]) for entry in log.failures[:SHOWN_FAILED]],
        None
        if is_sample(current_user.email) or not current_user.email
        else log.two_factor is not None,
    )


def _line(entry: login_history.LoginEntry, how: str) -> Line:
    at = datetime.fromtimestamp(entry.seconds, UTC)
    return Line(
        at, moment_text(current_dashboard(), at), _(how), agent_text(entry.agent), entry.address
    )


def agent_text(agent: str) -> str:
    """Return `Firefox on Linux`, or as much as an agent's name for itself tells."""
    browser = next((name for word, name in BROWSERS if word in agent), "")
    system = next((name for word, name in SYSTEMS if word in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("An unknown browser")


def since_text(seconds: int) -> str:
    """Return the day of a moment (s since 1970) by the member's clock: `12 March`."""
    local = datetime.fromtimestamp(seconds, current_dashboard().clock.zone)
    return day_month(local, current_dashboard().today)
