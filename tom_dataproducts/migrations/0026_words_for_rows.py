from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("tom_dataproducts", "0025_summaries_of_stored_photometry"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="astrometryreduceddatum",
            options={
                "get_latest_by": ("timestamp",),
                "verbose_name": "measured position",
                "verbose_name_plural": "measured positions",
            },
        ),
        migrations.AlterModelOptions(
            name="lightcurvesummary",
            options={
                "verbose_name": "summary of a light curve",
                "verbose_name_plural": "summaries of light curves",
            },
        ),
        migrations.AlterModelOptions(
            name="photometryreduceddatum",
            options={
                "get_latest_by": ("timestamp",),
                "verbose_name": "photometry point",
                "verbose_name_plural": "photometry points",
            },
        ),
        migrations.AlterModelOptions(
            name="reduceddatum",
            options={
                "default_permissions": ("add", "change", "delete"),
                "get_latest_by": ("timestamp",),
                "permissions": (("view_reduceddatum", "View Reduced Datum"),),
                "verbose_name": "measurement",
                "verbose_name_plural": "measurements",
            },
        ),
        migrations.AlterModelOptions(
            name="spectroscopyreduceddatum",
            options={
                "get_latest_by": ("timestamp",),
                "verbose_name": "spectrum",
                "verbose_name_plural": "spectra",
            },
        ),
    ]
