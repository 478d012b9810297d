"""Signals of tom_dataproducts."""

from django.dispatch import Signal

measurements_written = Signal()
"""Sent inside the transaction after measurements that are no photometry were stored; arguments
``target_ids`` and ``using``. For photometry there is ``models.summary.photometry_written``."""
