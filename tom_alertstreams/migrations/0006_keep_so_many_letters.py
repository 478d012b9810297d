from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tom_alertstreams", "0005_group_of_a_stream"),
    ]

    operations = [
        migrations.CreateModel(
            name="UnkeptLetters",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.CharField(max_length=255)),
                ("topic", models.CharField(max_length=255)),
                ("count", models.BigIntegerField(default=0)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "reason",
                    models.TextField(default="", help_text="Why the last of them could not be used."),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("group", "topic"), name="unkept_letters_once")
                ],
            },
        ),
    ]
