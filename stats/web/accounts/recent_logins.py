"""Recent log-ins and two-factor state, as the settings page shows them."""

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

MAX_LOGINS, MAX_FAILURES = 10, 5
METHOD_NAMES = {
    LoginMethod.PASSWORD: N_("Password"),
    LoginMethod.CODE: N_("Password and code"),
    LoginMethod.RECOVERY: N_("Recovery code"),
    LoginMethod.LINK: N_("Log-in link"),
    LoginMethod.SIGN_UP: N_("Signed up"),
}
FAILURE_NAMES = {LoginMethod.PASSWORD: N_("Wrong password"), LoginMethod.CODE: N_("Wrong code")}
# Token of a user agent → name, most specific first: nearly all contain Mozilla, many Safari.
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
class LoginLine:
    """One log-in or failed attempt on the page; `how` is the method in words."""

    at: datetime
    time: str
    how: str
    agent: str
    address: str


@dataclass(frozen=True, slots=True)
class Security:
    """The log-ins on the settings page; `two_factor` is None for an account that cannot have it."""

    logins: list[LoginLine]
    failures: list[LoginLine]
    two_factor: bool | None


def recent_logins() -> Security:
    """Return the last log-ins and failed attempts of the current user, in one round trip."""
    log = login_history.read_history(db(), current_user.id)
    return Security(
        [_line(entry, METHOD_NAMES[entry.method]) for entry in log.logins[:MAX_LOGINS]],
        [_line(entry, FAILURE_NAMES[entry.method]) for entry in log.failures[:MAX_FAILURES]],
        None
        if is_sample(current_user.email) or not current_user.email
        else log.two_factor is not None,
    )


def _line(entry: login_history.LoginEntry, method: str) -> LoginLine:
    at = datetime.fromtimestamp(entry.seconds, UTC)
    return LoginLine(
        at, moment_text(current_dashboard(), at), _(method), agent_text(entry.agent), entry.address
    )


def agent_text(agent: str) -> str:
    """Return `Firefox on Linux`, or the part of it that a user agent reveals."""
    browser = next((name for token, name in BROWSERS if token in agent), "")
    system = next((name for token, name in SYSTEMS if token in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("An unknown browser")


def since_text(seconds: int) -> str:
    """Return the day of a timestamp (s) by the current user's clock: `12 March`."""
    local = datetime.fromtimestamp(seconds, current_dashboard().clock.zone)
    return day_month(local, current_dashboard().today)
