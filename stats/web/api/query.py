"""The query of the API's routes: what a route documents, and nothing else."""

from flask import current_app, request
from flask_login import current_user

from stats.errors import InvalidInput
from stats.lib.text import cut
from stats.web.api.blueprint import bp
from stats.web.api.models.validation import listed
from stats.web.http.documented import SESSION, Documentation, documentation_of
from stats.web.http.service_key import has_service_key

# As much of an unknown name as a sentence repeats.
NAME_LENGTH = 50


@bp.before_request
def check_query() -> None:
    """Refuse a parameter that the route does not document; raises InvalidInput."""
    documentation = documentation_of(current_app.view_functions[request.endpoint or ""])
    if documentation is None or not request.args:
        return
    known = [item["name"] for item in documentation.parameters if item["in"] == "query"]
    unknown = [name for name in request.args if name not in known]
    # Whom the view refuses learns nothing here.
    if unknown and _may_call(documentation):
        name = cut(unknown[0], NAME_LENGTH)
        takes = listed(known, "and") if known else "none"
        raise InvalidInput(f"There is no parameter {name}. This address takes {takes}.", name)


def _may_call(documentation: Documentation) -> bool:
    own = SESSION in documentation.security and current_user.is_authenticated
    return has_service_key() or own


def whole_number(name: str, default: int, maximum: int) -> int:
    """Return a parameter of the request, from 1 to `maximum`, or `default`; raises InvalidInput."""
    if (text := request.args.get(name)) is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= maximum):
        raise InvalidInput(f"{name} must be a whole number from 1 to {maximum}.", name)
    return int(text)
