"""Reads what the two services of ZTF return. Public."""

from __future__ import annotations

from tom_dataproducts.processors.photometry_processor import PhotometryProcessor


class ZTFForcedPhotometryProcessor(PhotometryProcessor):
    """Reads forced photometry of ZTF: signed difference fluxes, of which limits follow."""

    layouts = ("ztf forced",)

    def data_type_override(self) -> str:
        """Return that it is photometry."""
        return "photometry"


class ZTFLightCurveProcessor(PhotometryProcessor):
    """Reads light curves of ZTF's public releases, as IRSA gives them."""

    layouts = ("ztf light curve",)

    def data_type_override(self) -> str:
        """Return that it is photometry."""
        return "photometry"
