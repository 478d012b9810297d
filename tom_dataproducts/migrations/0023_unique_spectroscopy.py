"""Let the flux digest, filled by the migration before, tell spectra apart."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Apart from the data move, since PostgreSQL refuses both in one transaction."""

    dependencies = [("tom_dataproducts", "0022_fill_flux_digest")]
    operations = [
        migrations.AddConstraint(
            model_name="spectroscopyreduceddatum",
            constraint=models.UniqueConstraint(
                fields=["target", "timestamp", "telescope", "instrument", "flux_digest", "reduction_version"],
                name="unique_spectroscopy",
            ),
        ),
    ]
