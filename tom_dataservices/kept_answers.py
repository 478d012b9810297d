"""Packs what a service answered into text for the database, exactly, and unpacks it again.

Plain JSON stays JSON (numbers that JSON does not know, such as NaN, are kept). Anything else, as the objects
of a plugin's own client library, is pickled and signed, so that only what this TOM wrote is ever unpickled.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import pickle  # noqa: S403  signed, see below
from collections.abc import Mapping
from typing import Any

from django.core import signing

from tom_dataservices.plugin_errors import JOB_ENDS

_SALT = "tom_dataservices.kept_answers"
_JSON, _PICKLE = "j", "p"


class AnswerLostError(Exception):
    """A kept answer cannot be unpacked any more; the query has to be run again."""


def packed(answer: Any) -> str:
    """Return an answer as text.

    Raises
    ------
    TypeError
        If it can be neither written as JSON nor pickled.
    """
    if _is_plain(answer):
        return _JSON + json.dumps(answer)
    try:
        content = pickle.dumps(answer)
    except JOB_ENDS:
        raise
    except Exception as error:  # a plugin's object may raise anything
        raise TypeError(f"{type(answer).__name__} cannot be kept: {error}") from error
    return _PICKLE + signing.Signer(salt=_SALT).sign(base64.b64encode(content).decode())


def unpacked(text: str) -> Any:
    """Return the answer that `packed` made a text of.

    Raises
    ------
    AnswerLostError
        If the text was not written by this TOM, or its classes are gone.
    """
    if text.startswith(_JSON):
        return json.loads(text[1:])
    try:
        content = base64.b64decode(signing.Signer(salt=_SALT).unsign(text[1:]))
        return pickle.loads(content)  # noqa: S301  signed by us
    except JOB_ENDS:
        raise
    except Exception as error:
        raise AnswerLostError("What the service answered is lost; run the query again.") from error


def plain(value: Any) -> Any:
    """Return a value as JSON of every database holds it: no NaN, no arrays, times as ISO 8601 text."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    if isinstance(value, str | bool | int) or value is None:
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if hasattr(value, "tolist"):  # an array, or a number of numpy
        return plain(value.tolist())
    return str(value)


def _is_plain(value: Any) -> bool:
    if type(value) is dict:
        return all(type(key) is str and _is_plain(one) for key, one in value.items())
    if type(value) is list:
        return all(_is_plain(one) for one in value)
    return value is None or type(value) in (str, bool, int, float)
