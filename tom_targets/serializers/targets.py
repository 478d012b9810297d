"""A target as the REST API shows and takes it, with its names, extra fields, lists and groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, models
from rest_framework import serializers
from rest_framework.fields import SkipField, empty, get_error_detail
from rest_framework.utils.html import is_html_input

from tom_common.api_fields import FiniteFloatField, UtcDateTimeField, as_utc_text
from tom_common.history import change_set
from tom_common.hooks import run_hook
from tom_common.serializers import GroupSerializer
from tom_targets import conf
from tom_targets.derived import DerivedField
from tom_targets.models import Target
from tom_targets.name_characters import check_characters
from tom_targets.serializers.nested import (
    TargetExtraSerializer,
    TargetListSerializer,
    TargetNameSerializer,
    nested_rows,
    shown_parts,
)
from tom_targets.target_names import check_names
from tom_targets.target_parts import (
    Groups,
    Lists,
    give_access,
    give_access_to_new,
    store_aliases,
    store_extras,
    store_new_aliases,
    store_new_extras,
)
from tom_targets.validators import missing_fields, required_fields

NESTED = ("targetextra_set", "aliases", "target_lists", "groups")


def _own_fields() -> list[str]:
    """Return the columns that are shown: all but those derived and the link to the parent row."""
    return [
        field.name
        for field in Target._meta.concrete_fields
        if not isinstance(field, DerivedField) and not getattr(field.remote_field, "parent_link", False)
    ]


class _ManyTargets(serializers.ListSerializer):
    """Fetches what hangs on all targets of a list at once."""

    def to_representation(self, data: Any) -> list[dict[str, Any]]:
        targets = list(data.all() if isinstance(data, models.manager.BaseManager) else data)
        if not isinstance(self.child, TargetSerializer):
            return super().to_representation(targets)
        self.child.nested = nested_rows([target.pk for target in targets], self.child.user)
        return [self.child.to_representation(target) for target in targets]


class TargetSerializer(serializers.ModelSerializer):
    """A target. Works without a request in its context, too; then no lists and groups are shown."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.FloatField: FiniteFloatField,
        models.DateTimeField: UtcDateTimeField,
    }

    targetextra_set = TargetExtraSerializer(many=True, required=False)
    aliases = TargetNameSerializer(many=True, required=False)
    target_lists = TargetListSerializer(many=True, required=False)
    groups = GroupSerializer(many=True, required=False)

    class Meta:
        model = Target
        fields = [*_own_fields(), *NESTED]
        list_serializer_class = _ManyTargets
        # Names are compared by `validate`; a UniqueValidator would ask the database once more.
        validators: list[Any] = []
        extra_kwargs = {
            "name": {"required": True, "allow_blank": False, "validators": [check_characters]},
            "ra": {"min_value": 0.0, "max_value": 360.0},
            "dec": {"min_value": -90.0, "max_value": 90.0},
        }

    nested: dict[int, dict[str, list[dict[str, Any]]]] | None = None

    @property
    def user(self) -> Any:
        """Who asks, None where nobody is known."""
        request = self.context.get("request")
        return None if request is None else request.user

    # --- out

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = {name: write(instance) for name, write in _writers(type(self))}
        nested = self.nested.get(instance.pk) if self.nested else None
        if nested is None:
            nested = nested_rows([instance.pk], self.user)[instance.pk]
        shown.update((name, nested[name]) for name in NESTED)
        return shown

    # --- in

    def run_validation(self, data: Any = empty) -> Any:
        """Return the values of a target; the names of the fields lead to what is wrong with them."""
        is_empty, data = self.validate_empty_values(data)
        if is_empty:
            return data
        values = self.to_internal_value(data)
        try:
            return self.validate(values)
        except (serializers.ValidationError, DjangoValidationError) as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the values of the fields that are there; a subclass, or a form, is read field by field."""
        if type(self) is not TargetSerializer or is_html_input(data):
            return super().to_internal_value(data)
        if not isinstance(data, Mapping):
            message = self.error_messages["invalid"].format(datatype=type(data).__name__)
            raise serializers.ValidationError({"non_field_errors": [message]}, code="invalid")
        values, errors = self._read(data)
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def _read(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the values of the fields that are there, and what is wrong with others."""
        fields, required = _readers()
        errors: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                continue
            try:
                values[name] = field.run_validation(value)
            except serializers.ValidationError as error:
                errors[name] = error.detail
            except DjangoValidationError as error:
                errors[name] = get_error_detail(error)
            except SkipField:
                continue
        if not self.partial:
            for name in required - data.keys():
                errors[name] = [fields[name].error_messages["required"]]
        return values, errors

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a target without the fields of its type, or with a name that belongs to another."""
        self.check_required(attrs)
        names = [entry["name"] for entry in attrs.get("aliases", ())]
        if names or self.instance is None or attrs.get("name", self.instance.name) != self.instance.name:
            check_names(self._instance_for_names(attrs), names, user=self.user)
        return attrs

    def _instance_for_names(self, attrs: dict[str, Any]) -> Any:
        columns = {column.name for column in Target._meta.concrete_fields}
        own = {name: value for name, value in attrs.items() if name in columns}
        if self.instance is None:
            return Target(**own)
        kept = {
            field.attname: getattr(self.instance, field.attname) for field in Target._meta.concrete_fields
        }
        changed = Target(**kept)
        for name, value in own.items():
            setattr(changed, name, value)
        return changed

    def check_required(self, attrs: dict[str, Any]) -> None:
        values = {**{name: getattr(self.instance, name, None) for name in _REQUIRED_BY_SOME}, **attrs}
        if self.partial and not _REQUIRED_BY_SOME & attrs.keys():
            return
        if missing := missing_fields(values):
            text = f"This field is required for a target of type {values['type']}"
            text += f" and scheme {values['scheme']}." if values.get("scheme") else "."
            raise serializers.ValidationError({name: [text] for name in missing})

    # --- stored

    def create(self, validated_data: dict[str, Any]) -> Any:
        """Store a target with all that comes along; the creator and the groups named may do all with it."""
        values, nested = _split(validated_data)
        user = self.user
        target = Target(**values)
        try:
            with change_set(user, kind="create"):
                groups = self._groups(nested)
                target.save()
                stored: dict[str, list[Any]] = {"groups": groups}
                if conf.extra_fields():  # the target came with some of them
                    store_extras(target, nested.get("targetextra_set", ()))
                elif nested.get("targetextra_set"):
                    stored["targetextra_set"] = store_new_extras(target, nested["targetextra_set"])
                stored["aliases"] = store_new_aliases(target, nested.get("aliases", ()))
                stored["target_lists"] = self._put_on_lists(target, nested, by_id=False)
                give_access_to_new(target.pk, user, groups)
        except (IntegrityError, DjangoValidationError) as error:
            raise self._refusal(error, target, nested) from error
        self._tell_again(target, nested, created=True)
        if user is not None and not conf.extra_fields():
            self.nested = {target.pk: shown_parts(stored)}
        return target

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Store the changes: what is not there stays; entries with ``id`` change a row, others add one."""
        values, nested = _split(validated_data)
        for name, value in values.items():
            setattr(instance, name, value)
        try:
            with change_set(self.user):
                holders = self._groups(nested)
                instance.save()
                if nested.get("targetextra_set"):
                    store_extras(instance, nested["targetextra_set"])
                if nested.get("aliases"):
                    store_aliases(instance, nested["aliases"])
                self._put_on_lists(instance, nested, by_id=True)
                give_access([instance.pk], holders)
        except (IntegrityError, DjangoValidationError) as error:
            raise self._refusal(error, instance, nested) from error
        self._tell_again(instance, nested, created=False)
        return instance

    def _groups(self, nested: dict[str, Any]) -> list[Any]:
        entries = nested.get("groups") or ()
        finder = Groups(self.user) if entries else None
        return [finder.find(entry) for entry in entries]

    def _put_on_lists(self, target: Any, nested: dict[str, Any], *, by_id: bool) -> list[Any]:
        entries = nested.get("target_lists") or ()
        finder = Lists(self.user) if entries else None
        found = list(dict.fromkeys(finder.find(entry, by_id=by_id) for entry in entries))
        for target_list in found:
            target_list.targets.add(target.pk)
        return found

    def _tell_again(self, target: Any, nested: dict[str, Any], *, created: bool) -> None:
        """Run the hook once more: the first call, by ``save``, saw the target without these."""
        if nested.get("targetextra_set") or nested.get("aliases"):
            run_hook("target_post_save", target=target, created=created)

    def _refusal(self, error: Exception, target: Any, nested: dict[str, Any]) -> Exception:
        """Return what to answer to an error of the database: somebody took a name a moment ago."""
        if isinstance(error, DjangoValidationError):
            return serializers.ValidationError(serializers.as_serializer_error(error))
        try:
            check_names(target, [entry["name"] for entry in nested.get("aliases", ())], user=self.user)
        except DjangoValidationError as clash:
            return serializers.ValidationError(serializers.as_serializer_error(clash))
        return error


_REQUIRED_BY_SOME = {
    "type",
    "scheme",
    *(name for kind, _ in Target.TARGET_TYPES for name in required_fields(kind)),
    *(name for scheme, _ in Target.TARGET_SCHEMES for name in required_fields(Target.NON_SIDEREAL, scheme)),
}


def _split(validated_data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    values = {name: value for name, value in validated_data.items() if name not in NESTED}
    nested = {name: validated_data[name] for name in NESTED if name in validated_data}
    return values, nested


@cache
def _readers() -> tuple[dict[str, serializers.Field], set[str]]:
    """Return the fields that can be written, by name, and the names of those that have to be there.

    Building the fields of a ``ModelSerializer`` takes longer than storing a target; these are built once.
    None of them looks at the request.
    """
    fields = TargetSerializer().fields
    writable = {name: field for name, field in fields.items() if not field.read_only}
    return writable, {name for name, field in writable.items() if field.required}


@cache
def _writers(cls: type[TargetSerializer]) -> list[tuple[str, Any]]:
    """Return for each plain field of a serializer how its value is read from an instance."""
    found = []
    for name, field in cls().fields.items():
        if name in NESTED or field.write_only:
            continue
        found.append((name, _writer(field)))
    return found


def _writer(field: serializers.Field) -> Any:
    if isinstance(field, UtcDateTimeField):
        return lambda instance: as_utc_text(field.get_attribute(instance))
    plain = (serializers.CharField, serializers.FloatField, serializers.IntegerField, serializers.ChoiceField)
    if isinstance(field, plain) and field.source_attrs == [field.field_name]:
        return attrgetter(str(field.field_name))

    def written(instance: Any) -> Any:
        value = field.get_attribute(instance)
        return None if value is None else field.to_representation(value)

    return written
