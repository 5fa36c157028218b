"""Forms from before a new log-in: their CSRF token belongs to a session that this browser had.

With proof that the form is ours, a token that fails is no attack but an old page. Nothing is done;
the answer, 400, puts the act one press away. To htmx it brings a new token, with which the page
repeats its request, if the page belongs to whoever is logged in now; another user's is loaded anew.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import make_response, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response as AnyResponse

from stats.lib.messages import N_
from stats.web.http.forms import csrf
from stats.web.templating.formatting import user_fingerprint

CSRF_HEADER = "X-CSRFToken"
# Whose page it is that htmx sends a request from (layout/base.html).
PAGE_USER_HEADER = "X-Page-User"
# What is never put into a page again, as label and autocomplete.
SECRETS = {
    "password": (N_("Password"), "current-password"),
    "current_password": (N_("Current password"), "current-password"),
    "new_password": (N_("New password"), "new-password"),
    "code": (N_("Code"), "one-time-code"),
}

View = TypeVar("View", bound=Callable[..., Any])


def takes_stale_token(view: View) -> View:
    """Mark a view that runs on a form of ours whose token is stale.

    Either it does no harm, or its `Form` checks the token once more and is shown again.
    """
    view.takes_stale_token = True  # type: ignore[attr-defined]
    return view


def answer(error: CSRFError, view: Callable[..., Any]) -> AnyResponse | None:
    """Return the answer to a form of ours that failed the CSRF check, None if the view is to run.

    Raises `error` where nothing proves that the form is ours.
    """
    if not csrf.is_same_origin() or csrf.is_about_referrer(error):
        raise error
    if hasattr(view, "takes_stale_token"):
        return None
    return _answer_htmx() if htmx_request.htmx else make_response(_page(), 400)


def _answer_htmx() -> AnyResponse:
    response = make_response("", 400)
    if request.headers.get(PAGE_USER_HEADER) == user_fingerprint(current_user.id):
        response.headers[CSRF_HEADER] = generate_csrf()
    else:
        response.headers["HX-Refresh"] = "true"
    return response


def _page() -> str:
    names = request.form.keys()
    return render_template(
        "layout/stale_form.html",
        fields=[
            (name, value)
            for name, value in request.form.items(multi=True)
            if name not in SECRETS and name != "csrf_token"
        ],
        secrets={name: SECRETS[name] for name in names if name in SECRETS},
        files=list(request.files),
    )
