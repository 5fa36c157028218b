"""`@documented(...)`: the OpenAPI documentation of a route, attached to its view."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
Security = list[dict[str, list[str]]]

SERVICE_KEY: Security = [{"serviceKey": []}]
SESSION: dict[str, list[str]] = {"session": []}
SERVICE_KEY_OR_SESSION: Security = [*SERVICE_KEY, SESSION]
NO_CREDENTIALS: Security = []


@dataclass(frozen=True, slots=True)
class Documentation:
    """The documentation of one route, but for its path and method (see the URL map)."""

    summary: str
    description: str
    security: Security
    parameters: Sequence[dict[str, Any]]
    body: type | None
    body_example: Any
    response: type
    response_example: Any


def documented(
    summary: str,
    *,
    description: str = "",
    security: Security,
    parameters: Sequence[dict[str, Any]] = (),
    body: type | None = None,
    body_example: Any = None,
    response: type,
    response_example: Any,
) -> Callable[[View], View]:
    """Describe a view in the OpenAPI document; `body` and `response` are models of JSON objects."""
    documentation = Documentation(
        summary, description, security, parameters, body, body_example, response, response_example
    )

    def decorator(view: View) -> View:
        view.documentation = documentation  # type: ignore[attr-defined]
        return view

    return decorator


def documentation_of(view: Callable[..., Any]) -> Documentation | None:
    """Return the documentation of a view, None if it has none."""
    documentation: Documentation | None = getattr(view, "documentation", None)
    return documentation
