"""Alert batches into the database: objects become targets, detections, limits and forced points become data.

Called by the command ``ingest_alerts``, by the background task behind the upload page, and by streams.
"""

from tom_dataservices.ingest.options import IngestOptions
from tom_dataservices.ingest.report import IngestReport
from tom_dataservices.ingest.run import ingest_batches, ingest_packets

__all__ = ["IngestOptions", "IngestReport", "ingest_batches", "ingest_packets"]
