"""Where the real packets and recorded replies lie that are not ours to publish."""

from pathlib import Path

from tests.services import needed


def shared_data_dir() -> Path:
    """Give the folder named by ``TOM_SHARED``, else ``../shared`` from the root; skip where there is none."""
    return Path(needed("the shared data"))
