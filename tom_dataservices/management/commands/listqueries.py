"""``manage.py listqueries``: the kept queries of data services with their numbers."""

from django.core.management.base import BaseCommand

from tom_dataservices.models import DataServiceQuery


class Command(BaseCommand):
    help = "Lists the kept queries of data services: number, service, name, last run."

    def handle(self, *args, **options):
        for query in DataServiceQuery.objects.order_by("pk"):
            last = query.last_run.isoformat(timespec="seconds") if query.last_run else "never"
            self.stdout.write(f"{query.pk}\t{query.data_service}\t{query.name}\t{last}")
