"""Objects of a batch into targets: found by name or alias, made where there is none, facts kept new."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from tom_common.bulk import insert_new
from tom_common.grants import grant_many
from tom_dataservices.ingest.near import near_targets, tell_near
from tom_dataservices.ingest.options import IngestOptions
from tom_dataservices.ingest.report import IngestReport
from tom_dataservices.packets.batch import AlertObject
from tom_targets.base_models import BaseTarget
from tom_targets.models import Target, TargetExtra, TargetList, TargetName, as_number, as_time, as_truth
from tom_targets.permissions import targets_for_user
from tom_targets.services import list_or_new

# Extra that holds the time (MJD, UTC) of the newest alert whose facts a target bears.
NEWEST_ALERT = "alert_mjd"
_CHUNK = 500
_EXTRA_COLUMNS = ("target_id", "key", "value", "float_value", "bool_value", "time_value")


@dataclass
class ObjectFacts:
    """All packets of one object in a batch, merged: the newest packet's facts win."""

    name: str
    aliases: list[str]
    newest: AlertObject
    extras: dict[str, Any]
    indices: list[int]
    is_alias: bool = False


def merge_objects(objects: Sequence[AlertObject]) -> dict[str, ObjectFacts]:
    """Return the objects of a batch by name, each once."""
    merged: dict[str, ObjectFacts] = {}
    for index, item in enumerate(objects):
        facts = merged.get(item.name)
        if facts is None:
            merged[item.name] = ObjectFacts(item.name, list(item.aliases), item, dict(item.extras), [index])
            continue
        facts.indices.append(index)
        facts.aliases.extend(alias for alias in item.aliases if alias not in facts.aliases)
        if item.mjd_utc >= facts.newest.mjd_utc:
            facts.newest = item
            facts.extras = {**facts.extras, **item.extras}
        else:
            facts.extras = {**item.extras, **facts.extras}
    return merged


def chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    """Yield values in lists short enough for one statement of any engine."""
    values = list(values)
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def known_targets(merged: dict[str, ObjectFacts]) -> dict[str, int]:
    """Return the keys of stored targets by object name; a target's own name counts before an alias."""
    wanted: dict[str, list[str]] = {}
    for facts in merged.values():
        for name in (facts.name, *facts.aliases):
            wanted.setdefault(name, []).append(facts.name)
    by_name: dict[str, int] = {}
    by_alias: dict[str, int] = {}
    for names in chunks(wanted):
        by_name.update(BaseTarget.objects.filter(name__in=names).values_list("name", "pk"))
        by_alias.update(TargetName.objects.filter(name__in=names).values_list("name", "target_id"))
    found: dict[str, int] = {}
    for source in (by_alias, by_name):
        for name, pk in source.items():
            for object_name in wanted.get(name, ()):
                found[object_name] = pk
    for name in merged:
        if name in by_name:
            found[name] = by_name[name]
    return found


def target_ids(
    merged: dict[str, ObjectFacts], options: IngestOptions, report: IngestReport
) -> tuple[dict[str, int], list[int]]:
    """Return the target of each object of a batch by name, and the targets that were made for it.

    Objects whose stored target the user may not change are left out and reported. With
    ``options.only_known`` no target is made.
    """
    found = known_targets(merged)
    if options.user is not None and found:
        found = _only_changeable(found, merged, options, report)
    refused = set(report.refused_names)
    missing = [facts for name, facts in merged.items() if name not in found and name not in refused]
    if options.only_known:
        missing = []
    missing = _without_near(missing, merged, found, options, report)
    created = create_targets(missing, options) if missing else {}
    report.new_targets += len(created)
    found.update(created)
    if missing and len(created) < len(missing):
        # Another ingest made some of them meanwhile.
        found.update(known_targets({facts.name: facts for facts in missing if facts.name not in created}))
    present = {name: facts for name, facts in merged.items() if name in found}
    _save_aliases(present, found)
    _save_extras(present, found, created, options)
    if options.list_name and found:
        _put_on_list(options.list_name, set(found.values()))
    return found, list(created.values())


def _without_near(
    missing: list[ObjectFacts],
    merged: dict[str, ObjectFacts],
    found: dict[str, int],
    options: IngestOptions,
    report: IngestReport,
) -> list[ObjectFacts]:
    """Return the objects of which a target is to be made, though one may be there under another name."""
    near = near_targets(missing, options)
    if not near:
        return missing
    for name, there in near.items():
        tell_near(name, there, options, report)
    if options.on_near == "create":
        return missing
    if options.on_near == "merge":
        stored = {name: there.pk for name, there in near.items()}
        if options.user is not None:
            stored = _only_changeable(stored, merged, options, report)
        for name in stored:
            merged[name].is_alias = True
        found.update(stored)
    return [facts for facts in missing if facts.name not in near]


def _only_changeable(
    found: dict[str, int], merged: dict[str, ObjectFacts], options: IngestOptions, report: IngestReport
) -> dict[str, int]:
    allowed: set[int] = set()
    for pks in chunks(set(found.values())):
        rows = targets_for_user(options.user, Target._default_manager.filter(pk__in=pks), "change_target")
        allowed.update(rows.values_list("pk", flat=True))
    for name, pk in found.items():
        if pk not in allowed:
            first = merged[name].newest
            report.refused_names.add(name)
            report.reject(
                f"{first.file} packet {first.number}: {name} is the name of a target that you may not change",
                count=len(merged[name].indices),
            )
    return {name: pk for name, pk in found.items() if pk in allowed}


def new_target(facts: ObjectFacts, options: IngestOptions) -> BaseTarget:
    """Return the unsaved target of an object."""
    item = facts.newest
    position_known = math.isfinite(item.ra_deg) and math.isfinite(item.dec_deg)
    target = BaseTarget(
        name=facts.name,
        type=BaseTarget.SIDEREAL if item.is_sidereal else BaseTarget.NON_SIDEREAL,
        permissions=options.permissions,
        ra=item.ra_deg if position_known and item.is_sidereal else None,
        dec=item.dec_deg if position_known and item.is_sidereal else None,
        epoch=2000.0 if item.is_sidereal else None,
    )
    for field, value in (item.orbit or {}).items():
        setattr(target, field, value)
    return target


def create_targets(missing: Sequence[ObjectFacts], options: IngestOptions) -> dict[str, int]:
    """Store new targets with the grants of their user and groups; return their keys by name."""
    before = timezone.now()
    rows = [new_target(facts, options) for facts in missing]
    BaseTarget.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_CHUNK)
    created: dict[str, int] = {}
    for names in chunks(row.name for row in rows):
        created.update(
            BaseTarget.objects.filter(name__in=names, created__gte=before).values_list("name", "pk")
        )
    if Target is not BaseTarget:
        for row in BaseTarget.objects.filter(pk__in=list(created.values())):
            child = Target(**{Target._meta.pk.name: row.pk})
            child.__dict__.update({key: value for key, value in row.__dict__.items() if key != "_state"})
            child.save_base(raw=True)
    pks = list(created.values())
    if options.user is not None:
        grant_many([options.user], Target, pks, ("view_target", "change_target", "delete_target"))
    if options.group_ids:
        from django.contrib.auth.models import Group

        groups = list(Group.objects.filter(pk__in=options.group_ids))
        grant_many(groups, Target, pks, ("view_target", "change_target"))
    return created


def _save_aliases(merged: dict[str, ObjectFacts], found: dict[str, int]) -> None:
    rows = [
        TargetName(target_id=found[name], name=alias[:100])
        for name, facts in merged.items()
        for alias in (*facts.aliases, *([name] if facts.is_alias else ()))
        if alias != name or facts.is_alias
    ]
    if not rows:
        return
    stored: set[str] = set()
    for names in chunks(row.name for row in rows):
        stored.update(TargetName.objects.filter(name__in=names).values_list("name", flat=True))
    fresh = [row for row in rows if row.name not in stored]
    TargetName.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=_CHUNK)


def _save_extras(
    merged: dict[str, ObjectFacts], found: dict[str, int], created: dict[str, int], options: IngestOptions
) -> None:
    """Store the facts of the newest alert of each target; only those that differ from what is stored."""
    stored: dict[int, dict[str, str]] = {}
    for pks in chunks(pk for name, pk in found.items() if name not in created):
        rows = TargetExtra.objects.filter(target_id__in=pks).order_by()
        for pk, key, value in rows.values_list("target_id", "key", "value"):
            stored.setdefault(pk, {})[key] = value
    extras: list[Sequence[Any]] = []
    for name, facts in merged.items():
        pk = found[name]
        known = stored.get(pk, {})
        if facts.newest.mjd_utc <= (as_number(known.get(NEWEST_ALERT, "")) or -math.inf):
            continue
        values = {**facts.extras, NEWEST_ALERT: facts.newest.mjd_utc}
        if options.simulated:
            values["simulated"] = True
        for key, value in values.items():
            if known.get(key) != (text := str(value)):
                extras.append((pk, key, text, *_typed(value, text)))
    _upsert_extra_rows(extras)


def _typed(value: Any, text: str) -> tuple[float | None, bool | None, dt.datetime | None]:
    """Return number, truth and time of a fact, as `TargetExtra.set_typed_values` derives them."""
    number = as_number(text)
    if type(value) in (int, float):
        return number, None if number is None else bool(number), None
    return number, as_truth(text), as_time(text)


def upsert_extras(extras: Sequence[TargetExtra]) -> None:
    """Store extra fields, overwriting those with the same target and key."""
    _upsert_extra_rows([getattr(extra, name) for name in _EXTRA_COLUMNS] for extra in extras)


def _upsert_extra_rows(rows: Iterable[Sequence[Any]]) -> None:
    insert_new(
        TargetExtra,
        _EXTRA_COLUMNS,
        rows,
        unique_fields=("target_id", "key"),
        update_fields=_EXTRA_COLUMNS[2:],
    )


def _put_on_list(name: str, pks: set[int]) -> None:
    target_list, _ = list_or_new(name)
    columns = {"targetlist_id": [target_list.pk] * len(pks), "basetarget_id": sorted(pks)}
    insert_new(TargetList.targets.through, columns)
