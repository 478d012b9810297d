"""Fill the flux digest of spectra that were there before the column was, then let it tell them apart."""

from typing import Any

from django.db import migrations

from tom_targets.derived import derived_fields, rederive


def fill(apps: Any, schema_editor: Any) -> None:
    """Compute the digest of every spectrum, a thousand rows at a time."""
    using = schema_editor.connection.alias
    model = apps.get_model("tom_dataproducts", "SpectroscopyReducedDatum")
    pks = list(model.objects.using(using).order_by("pk").values_list("pk", flat=True))
    rederive(model, pks, derived_fields(model), using=using)


class Migration(migrations.Migration):
    """Backwards there is nothing to do: the column goes with the migration before."""

    dependencies = [("tom_dataproducts", "0021_own_columns")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
