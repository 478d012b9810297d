"""Signals of tom_dataproducts."""

from django.dispatch import Signal

measurements_written = Signal()
"""Sent inside the transaction after measurements that are no photometry were stored; arguments
``target_ids`` and ``using``. For photometry there is ``models.summary.photometry_written``."""

thumbnail_wanted = Signal()
"""Sent when a page wants the thumbnail of a ``product`` that is not there, or a new one (``redraw``)."""
thumbnail_asked_for = Signal()
"""Sent when somebody waits for the thumbnail of a ``product`` in a ``size``; the receiver returns the PNG."""
