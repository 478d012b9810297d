"""Node that other packages and databases moved over from TOM Toolkit name; see docs/decisions/0003."""

from django.db import migrations


class Migration(migrations.Migration):
    """Name only: the state is that of the migration before."""

    dependencies = [("tom_dataproducts", "0006_auto_20190912_2013")]
    operations = []
