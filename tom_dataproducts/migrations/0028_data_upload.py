"""What is known of uploaded files besides their products."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tom_dataproducts", "0027_persistent_share_state"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DataUpload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("job_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "digest",
                    models.CharField(blank=True, default="", help_text="SHA-256 of the file.", max_length=64),
                ),
                ("size", models.BigIntegerField(default=0, help_text="In bytes.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "being read"),
                            ("done", "read"),
                            ("failed", "could not be read"),
                            ("kept", "kept as a file"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "mapping",
                    models.JSONField(blank=True, default=dict, help_text="How the columns are understood."),
                ),
                ("on_bad_rows", models.CharField(default="all_or_nothing", max_length=20)),
                (
                    "report",
                    models.JSONField(blank=True, default=dict, help_text="Counts of the last reading."),
                ),
                (
                    "problems",
                    models.JSONField(blank=True, default=list, help_text="The first rows that were wrong."),
                ),
                ("upload_set_pk", models.BigIntegerField(blank=True, null=True)),
                ("reading_set_pk", models.BigIntegerField(blank=True, null=True)),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("finished", models.DateTimeField(blank=True, null=True)),
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="upload",
                        to="tom_dataproducts.dataproduct",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-created", "-pk"),
                "indexes": [
                    models.Index(fields=["digest"], name="tom_dp_upload_digest"),
                    models.Index(fields=["user", "state", "-created"], name="tom_dp_upload_of_user"),
                ],
            },
        ),
    ]
