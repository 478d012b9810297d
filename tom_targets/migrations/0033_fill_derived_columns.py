"""Fill sky index and name key of rows that were there before the columns were."""

from typing import Any

from django.db import migrations

from tom_targets.derived import derived_fields, rederive


def fill(apps: Any, schema_editor: Any) -> None:
    """Compute the derived columns of every target and alias, a thousand rows at a time."""
    using = schema_editor.connection.alias
    for name in ("BaseTarget", "TargetName"):
        model = apps.get_model("tom_targets", name)
        pks = list(model.objects.using(using).order_by("pk").values_list("pk", flat=True))
        rederive(model, pks, derived_fields(model), using=using)


class Migration(migrations.Migration):
    """Backwards there is nothing to do: the columns go with the migration before."""

    dependencies = [("tom_targets", "0032_own_columns")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
