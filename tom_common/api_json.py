"""JSON of the REST API in and out: quick, bounded in size, and strict about what is no JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from tom_common import conf


class BodyTooLargeError(APIException):
    """The body of a request is larger than this TOM reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """Reads JSON in UTF-8, without NaN, without infinite numbers, and not without end."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the content of a body.

        Raises
        ------
        ParseError
            If it is no JSON (status 400).
        BodyTooLargeError
            If it is larger than ``TOM_API_MAX_BODY`` bytes (status 413).
        """
        most = conf.api_max_body()
        body = stream.read(most + 1)
        if len(body) > most:
            raise BodyTooLargeError(f"The request is larger than {most:,} bytes; send it in parts.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"JSON parse error: {error}") from error


class FastJSONRenderer(JSONRenderer):
    """Writes JSON by orjson; what that does not know is left to Django REST framework."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return an answer as bytes; as text with indentation where the client or the browsable page asks."""
        context = dict(renderer_context or {})
        if data is None:
            return b""
        if self.get_indent(accepted_media_type or "", context) is None:
            try:
                return orjson.dumps(data, default=self.encoder_class().default)
            except TypeError:
                pass  # a whole number beyond 64 bits, a key that is no text, ...: the slow way knows them
        return super().render(data, accepted_media_type, context)
