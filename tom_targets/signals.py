"""What tom_targets tells those above: rows that moved without their apps taking part."""

from django.dispatch import Signal

target_rows_moved = Signal()
"""Sent inside the transaction after rows of any app moved between targets; argument ``target_pks``."""

target_creating = Signal()
"""Sent before a new target is saved by itself; argument ``instance``, which may still be changed.

Not Django's own ``pre_save``, for the reason told at ``target_created``.
"""

target_created = Signal()
"""Sent inside the transaction after a new target was saved by itself; argument ``instance``.

Not Django's own ``post_save``: where that one has a listener, lists and files of targets are stored one by
one.
"""

target_added = Signal()
"""Sent after somebody added a target by the form; arguments ``target``, ``request``."""
