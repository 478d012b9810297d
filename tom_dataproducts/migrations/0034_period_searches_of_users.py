"""A search for periods belongs to a user, so that nobody's takes the place of another's.

Taken back only where no two users have searched in the same bands.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tom_dataproducts", "0033_sort_by_summary")]

    operations = [
        # The new one first: MySQL wants an index that begins with the target at all times.
        migrations.AddConstraint(
            "periodsearch",
            models.UniqueConstraint(
                fields=["target", "user", "bands", "brightness"], name="unique_period_search_of_user"
            ),
        ),
        migrations.RemoveConstraint("periodsearch", "unique_period_search"),
    ]
