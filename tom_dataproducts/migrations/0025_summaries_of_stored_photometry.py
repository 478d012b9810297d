"""Give every target that has photometry a summary, stale until ``refresh_light_curves`` computes it."""

from typing import Any

from django.db import migrations
from django.utils import timezone

from tom_dataproducts.queries import upsert_stale_summaries


def mark(apps: Any, schema_editor: Any) -> None:
    """Make the missing rows; the tables of a database moved over from TOM Toolkit hold photometry already."""
    using = schema_editor.connection.alias
    rows = [
        apps.get_model("tom_dataproducts", "PhotometryReducedDatum").objects.using(using).order_by(),
        apps.get_model("tom_dataproducts", "ReducedDatum")
        .objects.using(using)
        .filter(data_type__iexact="photometry")
        .order_by(),
    ]
    for queryset in rows:
        ids = list(queryset.values_list("target_id", flat=True).distinct())
        upsert_stale_summaries(ids, now=timezone.now(), using=using)


class Migration(migrations.Migration):
    """Backwards there is nothing to do: a stale summary is no harm."""

    dependencies = [("tom_dataproducts", "0024_light_curve_changes")]
    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
