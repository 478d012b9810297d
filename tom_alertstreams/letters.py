"""The bytes of a dead letter for people: as hexadecimal digits, and decoded where that is possible."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

from tom_alertstreams.models import DeadLetter
from tom_alertstreams.offsets import message_of
from tom_dataservices import conf as ingest_conf
from tom_dataservices.packets import SchemaStore, read_records

SHOWN_BYTES = 1024
SHOWN_CHARACTERS = 20_000
_MANY_BYTES = 2_000_000


def hex_lines(content: bytes, limit: int = SHOWN_BYTES) -> str:
    """Return the first bytes as lines of offset, sixteen bytes, and the same as text."""
    lines = []
    for start in range(0, min(len(content), limit), 16):
        part = content[start : min(start + 16, limit)]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:08x}  {part[:8].hex(' '):<23}  {part[8:].hex(' '):<23}  {text}")
    return "\n".join(lines)


def sent_at(letter: DeadLetter) -> dt.datetime | None:
    """Return the time of a message as its broker told it, UTC; None where it told none, or nonsense."""
    if letter.timestamp_ms is None:
        return None
    try:
        return dt.datetime.fromtimestamp(letter.timestamp_ms / 1000, tz=dt.UTC)
    except (OverflowError, OSError, ValueError):
        return None


def decoded(letter: DeadLetter) -> tuple[str, str]:
    """Return what a message says and in which form, both empty where it cannot be read.

    Returns
    -------
    text : str
        JSON or plain text, cut to `SHOWN_CHARACTERS`.
    form : str
        ``JSON``, ``Avro`` or ``text``.
    """
    value = bytes(letter.value)
    if not value or len(value) > _MANY_BYTES:
        return "", ""
    try:
        return _indented(json.loads(value)), "JSON"
    except (ValueError, RecursionError):
        pass
    try:
        return _indented(
            read_records(message_of(letter), SchemaStore(default_dir=ingest_conf.alert_schemas_dir()))
        ), "Avro"
    except (ValueError, LookupError):
        pass
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return "", ""
    return (text[:SHOWN_CHARACTERS], "text") if text.isprintable() or _is_text(text) else ("", "")


def _is_text(text: str) -> bool:
    return all(sign.isprintable() or sign in "\r\n\t" for sign in text)


def _indented(content: Any) -> str:
    return json.dumps(_plain(content), indent=2, ensure_ascii=False, default=str)[:SHOWN_CHARACTERS]


def _plain(content: Any) -> Any:
    """Return content in which bytes are told by their number, and long lists by their length."""
    if isinstance(content, bytes):
        return f"({len(content)} bytes)"
    if isinstance(content, float) and not math.isfinite(content):
        return None
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list):
        more = [f"({len(content) - 20} more)"] if len(content) > 20 else []
        return [_plain(value) for value in content[:20]] + more
    return content
