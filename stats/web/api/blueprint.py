"""The blueprint of the JSON API, which its modules share.

A login session sees its own data; a service key any user's.
"""

from flask import Blueprint

bp = Blueprint("api", __name__, url_prefix="/api")
