"""Asks a schema registry for the schema with a number. Called by Kafka streams with SCHEMA_REGISTRY."""

from __future__ import annotations

import time
from typing import Any

from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService, RemoteUnavailable

ASK_AGAIN_S = 300.0
_PATIENCE: dict[str, Any] = {"read_timeout_s": 10.0, "whole_timeout_s": 15.0, "tries": 1}
"""The reader asks again by itself, and has to tell within a minute that it lives."""


class SchemaRegistry:
    """A registry that speaks Confluent's HTTP interface.

    Parameters
    ----------
    url : str
        Address under which ``schemas/ids/<number>`` lies.
    """

    def __init__(self, url: str) -> None:
        self._service = RemoteService("the schema registry", url, **_PATIENCE)
        self._unknown: dict[int, float] = {}

    def schema(self, number: int) -> str | None:
        """Return the text of a schema; None if the registry has none of this number.

        Raises
        ------
        RemoteUnavailable
            If the registry does not answer, or not as it should: its messages have to wait.
        """
        if time.monotonic() - self._unknown.get(number, -ASK_AGAIN_S) < ASK_AGAIN_S:
            return None
        try:
            reply = self._service.get_json(f"schemas/ids/{number}")
        except RemoteRejected as error:
            if error.status != 404:
                raise RemoteUnavailable(str(error)) from error
            self._unknown[number] = time.monotonic()
            return None
        except RemoteBadReply as error:
            raise RemoteUnavailable(str(error)) from error
        text = reply.get("schema") if isinstance(reply, dict) else None
        if not isinstance(text, str):
            raise RemoteUnavailable(f"the schema registry gives schema {number} in a form that is not known")
        return text
