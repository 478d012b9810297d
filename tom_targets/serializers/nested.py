"""Names, extra fields and lists of a target as the REST API shows and takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import F, IntegerField, QuerySet, TextField, Value
from rest_framework import serializers

from tom_common.grants import grant_tables
from tom_targets.fields import MAX_KEY
from tom_targets.models import Target, TargetExtra, TargetList, TargetName
from tom_targets.permissions import target_lists_for_user

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
    name = serializers.CharField(max_length=100)

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


_KINDS = ("targetextra_set", "aliases", "target_lists", "groups")


def nested_rows(pks: Iterable[int], user: Any) -> dict[int, Nested]:
    """Return what hangs on targets, in one query.

    Parameters
    ----------
    pks : iterable of int
        Keys of targets that the person asking may see.
    user : User, AnonymousUser or None
        Who asks: lists and groups that this person may not know are left out; for None, all of them.

    Returns
    -------
    dict
        By key of the target the lists ``targetextra_set``, ``aliases``, ``target_lists`` and ``groups``.
    """
    keys = list(pks)
    found: dict[int, Nested] = {pk: {kind: [] for kind in _KINDS} for pk in keys}
    if not keys:
        return found
    parts = [
        _columns(TargetExtra.objects.filter(target__in=keys), 0, "target_id", "pk", "key", "value"),
        _columns(TargetName.objects.filter(target__in=keys), 1, "target_id", "pk", "name"),
    ]
    if user is not None and user.is_authenticated:
        on_list = TargetList.targets.through.objects.filter(
            basetarget__in=keys,
            targetlist__in=target_lists_for_user(user, TargetList.objects.order_by()),
        )
        parts += [
            _columns(on_list, 2, "basetarget_id", "targetlist_id", "targetlist__name"),
            _columns(_group_grants(keys, user), 3, "content_object_id", "group_id", "group__name"),
        ]
    for kind, target_id, pk, text, value in sorted(parts[0].union(*parts[1:], all=True)):
        row = {"id": pk, "name": text} if kind else {"id": pk, "key": text, "value": value}
        found[target_id][_KINDS[kind]].append(row)
    return found


def _columns(rows: QuerySet, kind: int, target: str, key: str, text: str, value: str | None = None) -> Any:
    return rows.order_by().values_list(
        Value(kind, output_field=IntegerField()),
        F(target),
        F(key),
        F(text),
        F(value) if value else Value("", output_field=TextField()),
    )


def _group_grants(keys: list[int], user: Any) -> QuerySet:
    grants = grant_tables(Target)[1]._default_manager.filter(
        content_object__in=keys,
        permission__codename="view_target",
        permission__content_type__app_label=Target._meta.app_label,
    )
    return grants if user.is_superuser else grants.filter(group__in=Group.objects.filter(user=user.pk))
