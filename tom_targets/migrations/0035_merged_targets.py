from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tom_targets", "0034_sort_by_position"),
    ]

    operations = [
        migrations.AddField(
            model_name="trashedtarget",
            name="merged_into_pk",
            field=models.BigIntegerField(
                blank=True,
                db_index=True,
                help_text="Key of the target to which the rows were moved.",
                null=True,
            ),
        ),
    ]
