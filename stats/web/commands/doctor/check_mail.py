"""`flask doctor`: checks of the mail server; no mail is sent."""

import smtplib
import ssl
from collections.abc import Iterator

from stats.mail import connect_smtp
from stats.settings import Settings
from stats.web.commands.doctor.findings import Code, Finding


def check_mail(settings: Settings) -> Iterator[Finding]:
    """Yield why mail would not go out: connect, EHLO, STARTTLS and AUTH as for a mail."""
    if settings.smtp_url is None:
        return
    try:
        with connect_smtp(settings.smtp_url) as server:
            server.ehlo_or_helo_if_needed()
    except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
        yield _tls_failed(error)
    except smtplib.SMTPAuthenticationError as error:
        yield _login_failed(f"refuses user and password ({error.smtp_code})")
    except OSError as error:
        yield Finding(
            Code.MAIL_UNREACHABLE,
            f"the mail server cannot be used ({type(error).__name__})",
            "start it, or correct host and port in SMTP_URL",
        )


def _tls_failed(error: Exception) -> Finding:
    if "AUTH" in str(error):
        return _login_failed("takes no log-in")
    problem = (
        "has no valid certificate" if isinstance(error, ssl.SSLError) else "offers no STARTTLS"
    )
    return Finding(
        Code.MAIL_TLS,
        f"the mail server {problem}, and links must not travel in the open",
        "use the server's real name, or smtps:// and port 465 in SMTP_URL",
    )


def _login_failed(problem: str) -> Finding:
    return Finding(
        Code.MAIL_LOGIN, f"the mail server {problem}", "correct user and password in SMTP_URL"
    )
