"""OpenAPI of our views: what they say in ``api_docs``, and the errors that all operations may answer with."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse
from rest_framework.permissions import SAFE_METHODS

from tom_common.api_docs import ApiDoc, OneOrMany

_DETAIL = {
    "type": "object",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
_PROBLEMS = {
    "description": "By the name of what is wrong: texts, or the same again for what lies inside.",
    "oneOf": [{"type": "object", "additionalProperties": {}}, {"type": "array", "items": {}}],
}
_ERRORS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("Something in the request is wrong; the answer says what.", _PROBLEMS),
    401: ("The token or password is wrong, or one is needed.", _DETAIL),
    403: ("You may not do this.", _DETAIL),
    404: ("There is none, or you may not see it.", _DETAIL),
    405: ("This address does not take this method.", _DETAIL),
    406: ("The answer cannot be given in a format that you accept.", _DETAIL),
    409: ("Something else stands in the way.", _DETAIL),
    413: ("The request is too large.", _DETAIL),
    415: ("The body is of a media type that is not read here.", _DETAIL),
}
_ALWAYS = (401, 403, 406)
_BY_ACTION = {
    "list": (400,),
    "retrieve": (404,),
    "create": (400, 413, 415),
    "update": (400, 404, 413, 415),
    "partial_update": (400, 404, 413, 415),
    "destroy": (404,),
}


class HouseSchema(AutoSchema):
    """Describes one view."""

    @property
    def doc(self) -> ApiDoc | None:
        """What the view says of the operation."""
        return getattr(self.view, "api_docs", {}).get(self.action)

    @property
    def action(self) -> str:
        """Name of the operation."""
        return getattr(self.view, "action", None) or self.method_mapping[self.method.lower()]

    def get_summary(self) -> str | None:
        """Return the heading of the operation."""
        return self.doc.summary if self.doc else super().get_summary()

    def get_description(self) -> str:
        """Return the text below the heading."""
        return self.doc.description.strip() if self.doc else super().get_description()

    def get_auth(self) -> list[dict[str, Any]]:
        """Return the ways to log in; none of them is needed to read where the view names no permission."""
        found = super().get_auth()
        reads_for_all = self.method in SAFE_METHODS and not self.view.permission_classes
        return [*found, {}] if reads_for_all and {} not in found else found

    def _get_parameters(self) -> list[dict[str, Any]]:
        found = super()._get_parameters()
        return [*found, *(self.doc.parameters if self.doc else ())]

    def get_request_serializer(self) -> Any:
        """Return what the body holds."""
        if self.doc and self.doc.request is not None:
            return self._resolved(self.doc.request)
        return super().get_request_serializer()

    def _resolved(self, body: Any) -> Any:
        if isinstance(body, OneOrMany):
            component = self.resolve_serializer(body.serializer, "request")
            return {"application/json": {"oneOf": [component.ref, {"type": "array", "items": component.ref}]}}
        return body

    def get_response_serializers(self) -> Any:
        """Return what a successful answer holds."""
        if self.doc and self.doc.responses is not None:
            return {
                code: OpenApiResponse(description=body) if isinstance(body, str) else body
                for code, body in self.doc.responses.items()
            }
        return super().get_response_serializers()

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        responses = super()._get_response_bodies(direction)
        if self.doc and self.doc.or_file:
            file = {"schema": {"type": "string", "format": "binary"}}
            responses["200"]["content"]["*/*"] = file
        codes = [*_ALWAYS, *_BY_ACTION.get(self.action, ()), *(self.doc.errors if self.doc else ())]
        for code in sorted(set(codes)):
            text, body = _ERRORS[code]
            responses.setdefault(
                str(code), {"description": text, "content": {"application/json": {"schema": body}}}
            )
        return responses
