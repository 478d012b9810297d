"""Where the real packets and recorded replies lie that are not ours to publish."""

import os
from pathlib import Path

import pytest


def shared_data_dir() -> Path:
    """Give the folder named by ``TOM_SHARED``, else ``../shared`` from the root; skip where there is none."""
    folder = Path(os.environ.get("TOM_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(
            f"no shared data in {folder}: set TOM_SHARED to the folder that holds data/ and contracts/"
        )
    return folder
