"""Sharing of targets with other TOMs, as plugins call it; ``tom_targets.ports.SharingGateway`` does it.

These functions talk to the other TOM before they return: call them from a background task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tom_common import conf as common_conf
from tom_targets.sharing_port import sharing_gateway

TARGET_PARTS = ("target", "aliases", "extras", "lists")


def share_target_with_tom(
    destination: str, form_data: Mapping[str, Any], target_lists: Iterable[Any] = (), user: Any = None
) -> dict[str, Any]:
    """Share a target with another TOM, without its data.

    Parameters
    ----------
    destination : str
        Key of ``DATA_SHARING``.
    form_data : mapping
        ``target``: the target.
    target_lists : iterable of TargetList
        It is put on lists of their names there, and on one that names this TOM.
    user : User, optional
        Who shares it.

    Returns
    -------
    dict
        ``message``, which starts with ``ERROR`` where the other TOM refused something.

    Raises
    ------
    ImproperlyConfigured
        If the settings have no such destination.
    """
    names = [f"Imported From {common_conf.tom_name()}", *(found.name for found in target_lists)]
    return sharing_gateway().share_target(
        destination, form_data["target"], user=user, list_names=names, parts=TARGET_PARTS
    )


def share_target_and_all_data(destination: str, target: Any, user: Any = None) -> str:
    """Share a target with all its data and return what happened, in words; ``ERROR`` starts a failure.

    Raises
    ------
    ImproperlyConfigured
        If the settings have no such destination.
    """
    names = [f"Imported From {common_conf.tom_name()}"]
    gateway = sharing_gateway()
    parts = [key for key, _ in gateway.parts()]
    said = gateway.share_target(destination, target, user=user, list_names=names, parts=parts)
    return str(said["message"])


def continuous_share_data(target: Any, reduced_datums: Iterable[Any]) -> None:
    """Send new data of a target where it is shared persistently: soon, in the background, in one go.

    One query where it is shared with nobody.

    Parameters
    ----------
    target : BaseTarget
    reduced_datums : iterable
        The new rows; they are known to be stored, and which they are is found out when they are sent.
    """
    sharing_gateway().share_soon([target.pk])
