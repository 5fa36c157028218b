"""Small applications to compare with: bare WSGI, a constant in Flask, a plain poll in Flask."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import redis
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def wsgi() -> "WSGIApplication":
    """Return the least that an unchanged poll can cost: a callable that answers 204."""

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        start("204 NO CONTENT", [])
        return []

    return answer


def _flask(name: str) -> Flask:
    app = Flask(name)
    app.secret_key = os.environ["SECRET_KEY"]
    # Signing the cookie anew for every answer would double the time of a constant.
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    return app


def const() -> Flask:
    """Return a Flask application with a route that answers a constant."""
    app = _flask("const")
    app.add_url_rule("/poll", view_func=lambda: "ok", endpoint="poll")
    return app


class FixedUser(UserMixin):  # type: ignore[misc]
    """Whoever the cookie says."""

    def __init__(self, user_id: str) -> None:
        self.id = user_id


def naive() -> Flask:
    """Return a poll as a tutorial would write it: Flask-Login, one HGETALL, jsonify."""
    app = _flask("naive")
    db = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    manager = LoginManager(app)
    manager.user_loader(FixedUser)

    def poll() -> ResponseReturnValue:
        return jsonify(db.hgetall(f"user:{{{current_user.id}}}:stats"))

    app.add_url_rule("/poll", view_func=login_required(poll))
    return app
