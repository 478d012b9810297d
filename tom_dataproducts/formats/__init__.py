"""What a file is, and what it holds: photometry, spectra, images, pictures. No request, no row of a table.

``recognise`` says what a file seems to be and proposes how to read it; a user may change the proposal, a
`Mapping`; ``read_photometry`` and ``read_spectra`` read by it.
"""

from tom_dataproducts.formats.meanings import (
    IGNORE,
    MEANINGS,
    OPTION_CHOICES,
    OPTIONS,
    meanings_of,
)
from tom_dataproducts.formats.photometry import read_photometry
from tom_dataproducts.formats.recognise import recognise
from tom_dataproducts.formats.recognition import (
    FILE,
    IMAGE,
    KINDS,
    PHOTOMETRY,
    PICTURE,
    SPECTROSCOPY,
    Column,
    FormatError,
    Mapping,
    Recognition,
)
from tom_dataproducts.formats.results import PhotometryTable, RowError, SpectraFound, Spectrum
from tom_dataproducts.formats.spectra import read_spectra

__all__ = [
    "FILE",
    "IGNORE",
    "IMAGE",
    "KINDS",
    "MEANINGS",
    "OPTIONS",
    "OPTION_CHOICES",
    "PHOTOMETRY",
    "PICTURE",
    "SPECTROSCOPY",
    "Column",
    "FormatError",
    "Mapping",
    "PhotometryTable",
    "Recognition",
    "RowError",
    "SpectraFound",
    "Spectrum",
    "meanings_of",
    "read_photometry",
    "read_spectra",
    "recognise",
]
