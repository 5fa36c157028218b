"""What the OpenAPI description says of a route: it stands at the view, as `@documented(...)`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
Security = list[dict[str, list[str]]]

SERVICE_KEY: Security = [{"serviceKey": []}]
SERVICE_KEY_OR_SESSION: Security = [{"serviceKey": []}, {"session": []}]
NO_CREDENTIALS: Security = []


@dataclass(frozen=True, slots=True)
class Documentation:
    """What is to be known of one route; the path stands in the route map."""

    summary: str
    description: str
    security: Security
    parameters: Sequence[dict[str, Any]]
    body: type | None
    body_example: Any
    answer: type
    answer_example: Any


def documented(
    summary: str,
    *,
    description: str = "",
    security: Security,
    parameters: Sequence[dict[str, Any]] = (),
    body: type | None = None,
    body_example: Any = None,
    answer: type,
    answer_example: Any,
) -> Callable[[View], View]:
    """Describe a view in the OpenAPI document; `body` and `answer` are models of JSON objects."""
    documentation = Documentation(
        summary, description, security, parameters, body, body_example, answer, answer_example
    )

    def mark(view: View) -> View:
        view.documentation = documentation  # type: ignore[attr-defined]
        return view

    return mark


def documentation_of(view: Callable[..., Any]) -> Documentation | None:
    """Return what stands at a view, None for one that the description leaves out."""
    documentation: Documentation | None = getattr(view, "documentation", None)
    return documentation
