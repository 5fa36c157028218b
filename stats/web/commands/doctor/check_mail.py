"""`flask doctor`: the mail server, to which no mail is sent."""

import smtplib
import ssl
from collections.abc import Iterator

from stats.mail import connect_smtp
from stats.settings import Settings
from stats.web.commands.doctor.findings import Code, Finding


def check_mail(settings: Settings) -> Iterator[Finding]:
    """Find why mail would not go out: connect, greet, STARTTLS and log in as for a mail."""
    if settings.smtp_url is None:
        return
    try:
        with connect_smtp(settings.smtp_url) as server:
            server.ehlo_or_helo_if_needed()
    except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
        yield _unsafe(error)
    except smtplib.SMTPAuthenticationError as error:
        yield _no_login(f"refuses user and password ({error.smtp_code})")
    except OSError as error:
        yield Finding(
            Code.MAIL_AWAY,
            f"the mail server cannot be used ({type(error).__name__})",
            "start it, or correct host and port in SMTP_URL",
        )


def _unsafe(error: Exception) -> Finding:
    if "AUTH" in str(error):
        return _no_login("takes no log-in")
    why = "has no valid certificate" if isinstance(error, ssl.SSLError) else "offers no STARTTLS"
    return Finding(
        Code.MAIL_TLS,
        f"the mail server {why}, and links must not travel in the open",
        "use the server's real name, or smtps:// and port 465 in SMTP_URL",
    )


def _no_login(why: str) -> Finding:
    return Finding(
        Code.MAIL_LOGIN, f"the mail server {why}", "correct user and password in SMTP_URL"
    )
