"""Compute anew the keys of names with dashes and blanks that no keyboard has: they are left out now."""

from typing import Any

from django.db import migrations
from django.db.models import Q

from tom_targets.derived import DROPPED, derived_fields, rederive


def mend(apps: Any, schema_editor: Any) -> None:
    """Look for names outside of ASCII only; there are few."""
    using = schema_editor.connection.alias
    for name in ("BaseTarget", "TargetName"):
        model = apps.get_model("tom_targets", name)
        unusual = Q(pk__in=[])
        for character in DROPPED:
            if not character.isascii():
                unusual |= Q(name__contains=character)
        pks = list(model.objects.using(using).filter(unusual).order_by("pk").values_list("pk", flat=True))
        fields = [field for field in derived_fields(model) if field.name == "name_key"]
        rederive(model, pks, fields, using=using)


class Migration(migrations.Migration):
    """Backwards there is nothing to do: the keys find names as before."""

    dependencies = [("tom_targets", "0040_lean_grants")]
    operations = [migrations.RunPython(mend, migrations.RunPython.noop)]
