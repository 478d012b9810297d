"""Reads what the catalogues of MAST return for Pan-STARRS. Public."""

from __future__ import annotations

from tom_dataproducts.processors.photometry_processor import PhotometryProcessor


class PanstarrsProcessor(PhotometryProcessor):
    """Reads Pan-STARRS: detections, or a point a band of the mean and stack tables."""

    layouts = ("panstarrs mean", "panstarrs detections")

    def data_type_override(self) -> str:
        """Return that it is photometry."""
        return "photometry"
