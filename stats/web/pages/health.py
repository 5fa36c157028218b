"""Liveness and readiness checks."""

from flask.typing import ResponseReturnValue

from stats.lib.version import version
from stats.store.writability import check_writable
from stats.web.http.access import public
from stats.web.pages.public import bp
from stats.web.runtime import db


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Liveness: answer with the version, without Redis."""
    return {"status": "ok", "version": version()}


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Readiness: answer if Redis does and takes writes; nothing is written."""
    check_writable(db())
    return {"status": "ready"}
