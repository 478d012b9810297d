"""What tom_targets tells those above: rows that moved without their apps taking part."""

from django.dispatch import Signal

target_rows_moved = Signal()
"""Sent inside the transaction after rows of any app moved between targets; argument ``target_pks``."""
