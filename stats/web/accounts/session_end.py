"""The end of a login session, and of a visit to sample data."""

from contextlib import suppress

from flask import session
from flask_login import current_user, logout_user

from stats.accounts import log_in
from stats.accounts.deletion import close_account
from stats.errors import BillingUnavailable
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import current_runtime, db


def end_session() -> None:
    """End the session of this browser; deletes a sample account. Raises BillingUnavailable."""
    user_id = current_user.id
    is_sample = log_in.log_out(db(), user_id, session["sid"])
    record_event("logout", user_id)
    logout_user()
    session.clear()
    if is_sample:
        runtime = current_runtime()
        close_account(db(), runtime.gateway, user_id, runtime.settings.secret_keys)


def is_member() -> bool:
    """Return whether somebody is logged in to an account of their own."""
    return bool(current_user.is_authenticated and not current_user.is_sample)


def leave_sample() -> None:
    """End the visit to sample data, if this browser is on one.

    A sample with a subscription that Stripe cannot end just now is cleared away later.
    """
    if current_user.is_authenticated and current_user.is_sample:
        with suppress(BillingUnavailable):
            end_session()
