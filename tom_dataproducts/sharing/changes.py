"""What to change in a target that the other side has already. Pure."""

from __future__ import annotations

from tom_dataproducts.sharing import wire
from tom_dataproducts.sharing.report import Outcome
from tom_dataproducts.sharing.request import ShareRequest
from tom_targets.models import BaseTarget

ItemParts = tuple[str, Outcome, int, str]


def changes_for(
    target: BaseTarget, remote: wire.Payload, payload: wire.Payload, request: ShareRequest
) -> tuple[wire.Payload, list[ItemParts]]:
    """Return what to change in a target of the other side, and what that means in words.

    Facts that are missing there are filled in; those that differ are left, unless the request says
    otherwise.
    """
    changes: wire.Payload = {}
    items: list[ItemParts] = []
    if "target" in request.parts:
        filled, differing = _facts_to_change(remote, payload)
        if request.overwrite:
            filled |= differing
        elif differing:
            text = "; ".join(
                f"{name}: {remote[name]} there, {value} here" for name, value in differing.items()
            )
            items.append(("facts", Outcome.LEFT, len(differing), text))
        if filled:
            changes |= filled
            text = ", ".join(f"{name} {value}" for name, value in filled.items())
            items.append(("facts", Outcome.UPDATED, len(filled), text))
    _add_aliases(target, remote, payload, changes, items)
    _add_extras(remote, payload, request, changes, items)
    if payload["target_lists"]:
        there = {entry.get("name") for entry in remote.get("target_lists") or ()}
        new = [entry for entry in payload["target_lists"] if entry["name"] not in there]
        if new:
            changes["target_lists"] = new
            names = ", ".join(entry["name"] for entry in new)
            if "target_lists" in remote:
                items.append(("lists", Outcome.UPDATED, len(new), names))
            else:
                text = f"{names}; that TOM does not tell on which lists a target is already"
                items.append(("lists", Outcome.SENT, len(new), text))
        if len(new) < len(payload["target_lists"]):
            items.append(("lists", Outcome.SAME, len(payload["target_lists"]) - len(new), ""))
    return changes, items


def _facts_to_change(remote: wire.Payload, payload: wire.Payload) -> tuple[wire.Payload, wire.Payload]:
    """Return the facts that the other side lacks, and those that differ there; unknown fields are neither."""
    filled, differing = {}, {}
    for name, value in wire.facts(payload).items():
        if name not in remote or wire.is_empty(value) or wire.same_value(remote[name], value):
            continue
        (filled if wire.is_empty(remote[name]) else differing)[name] = value
    return filled, differing


def _add_aliases(
    target: BaseTarget,
    remote: wire.Payload,
    payload: wire.Payload,
    changes: wire.Payload,
    items: list[ItemParts],
) -> None:
    if "aliases" not in payload or not payload["aliases"] and wire.bears_a_name(remote, [target.name]):
        return
    wanted = [target.name, *(entry["name"] for entry in payload["aliases"])]
    new = [name for name in wanted if not wire.bears_a_name(remote, [name])]
    if new:
        changes["aliases"] = [{"name": name} for name in new]
        items.append(("aliases", Outcome.CREATED, len(new), ", ".join(new)))
    known = [name for name in wanted[1:] if name not in new]
    if known:
        items.append(("aliases", Outcome.SAME, len(known), ", ".join(known)))


def _add_extras(
    remote: wire.Payload,
    payload: wire.Payload,
    request: ShareRequest,
    changes: wire.Payload,
    items: list[ItemParts],
) -> None:
    there = {entry.get("key"): entry for entry in remote.get("targetextra_set") or ()}
    entries, words = [], {outcome: list[str]() for outcome in Outcome}
    for entry in payload["targetextra_set"]:
        key, value = entry["key"], entry["value"]
        if key in remote:
            continue  # a field of the target there: its TOM would drop the extra field
        if key not in there:
            entries.append(entry)
            words[Outcome.CREATED].append(f"{key} {value}")
        elif str(there[key].get("value")) == value:
            words[Outcome.SAME].append(key)
        elif request.overwrite and "id" in there[key]:
            entries.append({**entry, "id": there[key]["id"]})
            words[Outcome.UPDATED].append(f"{key} {value} (was {there[key].get('value')})")
        else:
            words[Outcome.LEFT].append(f"{key}: {there[key].get('value')} there, {value} here")
    if entries:
        changes["targetextra_set"] = entries
    for outcome, found in words.items():
        if found:
            items.append(("extras", outcome, len(found), "; ".join(found)))


def dropped(what: str, changes: wire.Payload, remote: wire.Payload | None) -> list[str]:
    """Return the names that were sent but not stored: a TOM Toolkit drops silently what clashes."""
    key, label = {"aliases": ("aliases", "name"), "extras": ("targetextra_set", "key")}.get(what, ("", ""))
    if remote is None or not key or key not in remote or key not in changes:
        return []
    there = {entry.get(label) for entry in remote[key]}
    return [entry[label] for entry in changes[key] if entry[label] not in there]
