import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """When photometry of a target was last written, and the error of its rate."""

    dependencies = [("tom_dataproducts", "0023_unique_spectroscopy")]

    operations = [
        migrations.AddField(
            model_name="lightcurvesummary",
            name="changed",
            field=models.DateTimeField(
                db_index=True,
                default=django.utils.timezone.now,
                help_text="When photometry of the target was last written (UTC).",
            ),
        ),
        migrations.AddField(
            model_name="lightcurvesummary",
            name="rate_error",
            field=models.FloatField(help_text="1-sigma error of the rate, mag per day.", null=True),
        ),
    ]
