"""Signals of background jobs."""

from django.dispatch import Signal

job_ended = Signal()
"""Sent with ``job`` when a job is done, failed for good, or cancelled, wherever that was decided."""
