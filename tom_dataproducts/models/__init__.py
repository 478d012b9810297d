"""Rows of tom_dataproducts: files, and what was measured."""

from tom_dataproducts.models.files import (
    DataProduct,
    DataProductGroup,
    data_product_path,
)
from tom_dataproducts.models.fits_files import FitsExtension, FitsReading
from tom_dataproducts.models.light_curve_work import GalacticDust, PeriodSearch, PointNote
from tom_dataproducts.models.reduced import (
    REDUCED_DATUM_MODELS,
    AstrometryReducedDatum,
    PhotometryReducedDatum,
    ReducedDatum,
    ReducedDatumCommon,
    SpectroscopyReducedDatum,
    try_parse_reduced_datum,
)
from tom_dataproducts.models.service_queries import ServiceCredential, ServiceQuery
from tom_dataproducts.models.sharing import PersistentShareState
from tom_dataproducts.models.summary import LightCurveSummary
from tom_dataproducts.models.trash import TrashedFile
from tom_dataproducts.models.uploads import DataUpload
from tom_observations.models import ObservationRecord

__all__ = [
    "REDUCED_DATUM_MODELS",
    "AstrometryReducedDatum",
    "DataProduct",
    "DataProductGroup",
    "DataUpload",
    "GalacticDust",
    "FitsExtension",
    "FitsReading",
    "LightCurveSummary",
    "ObservationRecord",
    "PeriodSearch",
    "PersistentShareState",
    "PhotometryReducedDatum",
    "PointNote",
    "ReducedDatum",
    "ReducedDatumCommon",
    "ServiceCredential",
    "ServiceQuery",
    "SpectroscopyReducedDatum",
    "TrashedFile",
    "data_product_path",
    "try_parse_reduced_datum",
]
