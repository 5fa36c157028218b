"""Whether the process lives, and whether it can serve."""

from flask.typing import ResponseReturnValue

from stats.lib.version import version
from stats.web.http.access import public
from stats.web.pages.public import bp
from stats.web.runtime import db


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process lives, and which version it is; Redis is not asked."""
    return {"status": "ok", "version": version()}


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """The process can serve: Redis answers."""
    db().ping()
    return {"status": "ready"}
