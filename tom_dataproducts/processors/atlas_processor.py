"""Reads what the ATLAS forced-photometry server returns. Public."""

from __future__ import annotations

from tom_dataproducts.processors.photometry_processor import PhotometryProcessor


class AtlasProcessor(PhotometryProcessor):
    """Reads ATLAS forced photometry: signed fluxes, of which limits follow."""

    layouts = ("atlas",)

    def data_type_override(self) -> str:
        """Return that it is photometry."""
        return "photometry"
