from django.db import migrations, models


class Migration(migrations.Migration):
    """A topic that was made anew has other messages at offsets that letters have already."""

    dependencies = [
        ("tom_alertstreams", "0006_keep_so_many_letters"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="deadletter",
            index=models.Index(fields=["group", "topic", "offset"], name="dead_letter_place"),
        ),
        migrations.RemoveConstraint(
            model_name="deadletter",
            name="dead_letter_once",
        ),
    ]
