"""What views of the REST API say of themselves; turned into OpenAPI by ``tom_common.api_schema`` on demand.

Kept apart from drf-spectacular, which takes long to import and is needed by nobody but the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rest_framework.schemas.inspectors import ViewInspector


@dataclass(frozen=True)
class ApiDoc:
    """One operation of a view.

    Attributes
    ----------
    summary : str
        What it does, in a few words.
    description : str
        More, in Markdown.
    request : object, optional
        Serializer, raw schema, or a mapping of media types to either; by default the view's serializer.
    responses : mapping of int to object, optional
        Successful answers by status: serializer, raw schema, or a text where there is no body; by default the
        view's serializer.
    parameters : sequence of dict
        Further parameters, as OpenAPI writes them.
    errors : sequence of int
        Further statuses that it may answer with, besides those of every such operation.
    or_file : bool
        Whether a successful answer may be a file of another type instead.
    """

    summary: str
    description: str = ""
    request: Any = None
    responses: Mapping[int, Any] | None = None
    parameters: Sequence[dict[str, Any]] = field(default_factory=tuple)
    errors: Sequence[int] = ()
    or_file: bool = False


class DocumentedSchema(ViewInspector):
    """Descriptor ``schema`` of our views: imports what makes the OpenAPI schema when it is asked for."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        """Return the inspector of a view."""
        kept = super().__get__(instance, owner)
        if not isinstance(kept, DocumentedSchema):
            return kept
        from tom_common.api_schema import HouseSchema

        inspector = HouseSchema()
        inspector.view = instance
        return inspector


def query_parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return an optional parameter of the query string, as OpenAPI writes it."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


@dataclass(frozen=True)
class OneOrMany:
    """Says that a body holds one object or a list of them."""

    serializer: Any
