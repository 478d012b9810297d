"""Names, extra fields and lists of a target as the REST API shows and takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from tom_targets.fields import MAX_KEY
from tom_targets.models import TargetExtra, TargetList, TargetName
from tom_targets.name_characters import check_characters
from tom_targets.permissions import target_lists_for_user
from tom_targets.queries import PARTS, parts_of_targets

Nested = dict[str, list[dict[str, Any]]]


class ExtraValueField(serializers.CharField):
    """A text; numbers and truth values are taken as the text that stands for them."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(str(data) if isinstance(data, bool) else data)


class _Key(serializers.IntegerField):
    def __init__(self) -> None:
        super().__init__(required=False, min_value=0, max_value=MAX_KEY)


class TargetExtraSerializer(serializers.ModelSerializer):
    """An extra field of a target."""

    id = _Key()
    value = ExtraValueField(required=False, allow_blank=True, trim_whitespace=False, default="")

    class Meta:
        model = TargetExtra
        fields = ("id", "key", "value")


class TargetNameSerializer(serializers.ModelSerializer):
    """A further name of a target."""

    id = _Key()
    name = serializers.CharField(max_length=100, validators=[check_characters])

    class Meta:
        model = TargetName
        fields = ("id", "name")


class TargetListSerializer(serializers.ModelSerializer):
    """A list with a target on it, named by ``id`` or by ``name``."""

    id = _Key()
    name = serializers.CharField(max_length=200, required=False)

    class Meta:
        model = TargetList
        fields = ("id", "name")


def nested_rows(pks: Iterable[int], user: Any) -> dict[int, Nested]:
    """Return what hangs on targets, in one query, or two where they are on lists.

    Parameters
    ----------
    pks : iterable of int
        Keys of targets that the person asking may see.
    user : User, AnonymousUser or None
        Who asks: only lists and groups that this person may know are there.

    Returns
    -------
    dict
        By key of the target the lists ``targetextra_set``, ``aliases``, ``target_lists`` and ``groups``.
    """
    keys = list(pks)
    found: dict[int, Nested] = {
        pk: {"targetextra_set": [], "aliases": [], "target_lists": [], "groups": []} for pk in keys
    }
    rows = sorted(parts_of_targets(keys, user))
    lists = {pk for kind, _, pk, _, _ in rows if kind == _LISTS}
    if lists:
        known = TargetList.objects.filter(pk__in=lists)
        lists = set(target_lists_for_user(user, known).values_list("pk", flat=True))
    for kind, target_id, pk, text, value in rows:
        if kind == _EXTRAS:
            found[target_id]["targetextra_set"].append({"id": pk, "key": text, "value": value})
        elif kind != _LISTS or pk in lists:
            found[target_id][PARTS[kind]].append({"id": pk, "name": text})
    return found


_EXTRAS, _LISTS = PARTS.index("targetextra_set"), PARTS.index("target_lists")


def shown_parts(stored: dict[str, list[Any]]) -> Nested:
    """Return what was stored along with a new target as `nested_rows` would find it."""
    extras = [{"id": row.pk, "key": row.key, "value": row.value} for row in stored.get("targetextra_set", ())]
    named = {
        kind: [
            {"id": row.pk, "name": row.name} for row in sorted(stored.get(kind, ()), key=lambda row: row.pk)
        ]
        for kind in PARTS[1:]
    }
    return {"targetextra_set": extras, **named}
