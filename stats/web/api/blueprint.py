"""The blueprint of the JSON API, which its modules share."""

from flask import Blueprint

bp = Blueprint("api", __name__, url_prefix="/api")
