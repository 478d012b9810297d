"""Measurements of one or many targets as files: photometry, spectra, measured positions, in five formats.

``Export`` gives the rows of what a user may see, in batches; ``WRITERS`` turn batches into bytes.
"""

from tom_dataproducts.exports.columns import KINDS, Column
from tom_dataproducts.exports.rows import Export
from tom_dataproducts.exports.writers import WRITERS, Writer, available_writers

__all__ = ["KINDS", "WRITERS", "Column", "Export", "Writer", "available_writers"]
