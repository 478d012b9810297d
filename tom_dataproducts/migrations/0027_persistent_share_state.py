"""How persistent shares are doing."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tom_dataproducts", "0026_words_for_rows"),
        ("tom_targets", "0022_persistentshare"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersistentShareState",
            fields=[
                (
                    "share",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="tom_targets.persistentshare",
                    ),
                ),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("succeeded_at", models.DateTimeField(blank=True, null=True)),
                ("summary", models.CharField(blank=True, default="", max_length=300)),
                (
                    "error",
                    models.TextField(
                        blank=True, default="", help_text="What went wrong; empty if nothing did."
                    ),
                ),
                ("next_try_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
    ]
