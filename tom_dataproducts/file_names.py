"""Names of uploaded files as every file system and bucket takes them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

MAX_LENGTH = 120
_MAX_SUFFIX = 20


def safe_file_name(name: str) -> str:
    """Return a file name of letters, digits, dots, dashes and underscores, with its suffix kept.

    Parameters
    ----------
    name : str
        As a client sent it; folders in front of it are dropped.
    """
    base = PurePosixPath(str(name).replace("\\", "/")).name
    plain = unicodedata.normalize("NFKD", base).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "_", plain).strip("._ ")
    if not plain.strip("_"):
        return "file"
    if len(plain) <= MAX_LENGTH:
        return plain
    suffix = "".join(PurePosixPath(plain).suffixes[-2:])[-_MAX_SUFFIX:]
    suffix = suffix if suffix.startswith(".") else ""
    return plain[: MAX_LENGTH - len(suffix)] + suffix
