"""The description of the API, for programs and for people."""

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from stats.web.accounts.emails import link
from stats.web.api.blueprint import bp
from stats.web.api.description.docs_page import shown
from stats.web.api.description.openapi import description
from stats.web.http.access import public


@bp.get("/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """Answer the description of this API."""
    return jsonify(description())


@bp.get("/docs")
@public
def docs() -> ResponseReturnValue:
    """Show the description to a person."""
    return render_template("api/docs.html", **shown(link("pages.landing")))
