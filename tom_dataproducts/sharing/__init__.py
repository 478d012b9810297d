"""Sharing of targets and data with other TOMs; these names are public.

``share_data_with_tom`` and ``get_destination_target`` talk to the other TOM before they return: call them
from a background task. Pages start a job instead.
"""

from tom_dataproducts.sharing.legacy import (
    download_data,
    get_destination_target,
    get_sharing_destination_options,
    share_data_with_tom,
    sharing_feedback_converter,
    sharing_feedback_handler,
)

__all__ = [
    "download_data",
    "get_destination_target",
    "get_sharing_destination_options",
    "share_data_with_tom",
    "sharing_feedback_converter",
    "sharing_feedback_handler",
]
