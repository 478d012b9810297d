"""Rows of tom_dataproducts: files, and what was measured."""

from tom_dataproducts.models.files import (
    DataProduct,
    DataProductGroup,
    data_product_path,
)
from tom_dataproducts.models.reduced import (
    REDUCED_DATUM_MODELS,
    AstrometryReducedDatum,
    PhotometryReducedDatum,
    ReducedDatum,
    ReducedDatumCommon,
    SpectroscopyReducedDatum,
    try_parse_reduced_datum,
)
from tom_dataproducts.models.sharing import PersistentShareState
from tom_dataproducts.models.summary import LightCurveSummary
from tom_observations.models import ObservationRecord

__all__ = [
    "REDUCED_DATUM_MODELS",
    "AstrometryReducedDatum",
    "DataProduct",
    "DataProductGroup",
    "LightCurveSummary",
    "ObservationRecord",
    "PersistentShareState",
    "PhotometryReducedDatum",
    "ReducedDatum",
    "ReducedDatumCommon",
    "SpectroscopyReducedDatum",
    "data_product_path",
    "try_parse_reduced_datum",
]
