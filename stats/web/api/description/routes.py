"""The routes of the API's description: JSON for programs, a page for people."""

from flask import current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from stats.web.accounts.emails import external_url
from stats.web.api.blueprint import bp
from stats.web.api.description.docs_page import page_context
from stats.web.api.description.openapi import served_description
from stats.web.http.access import public
from stats.web.runtime import current_runtime


@bp.get("/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """Answer the OpenAPI document."""
    server = current_runtime().base_settings.public_url or "/"
    cookie = current_app.session_interface.get_cookie_name(current_app)
    return jsonify(served_description(server, cookie))


@bp.get("/docs")
@public
def docs() -> ResponseReturnValue:
    """Render the description as a page."""
    return render_template("api/docs.html", **page_context(external_url("pages.landing")))
