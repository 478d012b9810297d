"""``manage.py rundataquery NUMBER``: run a kept query of a data service and make targets of what it finds."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tom_dataservices.duplicates import Duplicates, LeftOutError, keep_result
from tom_dataservices.models import DataServiceQuery
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.providers import Access, DataServiceProvider


class Command(BaseCommand):
    help = "Runs a kept query of a data service and makes targets of what it finds, with their data."

    def add_arguments(self, parser):
        parser.add_argument("query_id", type=int, help="Number of the query, see listqueries.")

    def handle(self, *args, **options):
        query = DataServiceQuery.objects.filter(pk=options["query_id"]).first()
        if query is None:
            raise CommandError(f"there is no kept query {options['query_id']}; listqueries shows them")
        made = there = left_out = 0
        duplicates = Duplicates.chosen()
        try:
            with plugin_reported(query.data_service):
                asked = DataServiceProvider(query.data_service, query.user)
                for found in asked.find(dict(query.parameters)):
                    try:
                        kept = keep_result(
                            asked,
                            found.raw,
                            names=[found.name],
                            ra_deg=found.ra_deg,
                            dec_deg=found.dec_deg,
                            access=Access(query.user),
                            duplicates=duplicates,
                        )
                    except LeftOutError as error:
                        left_out += 1
                        self.stdout.write(str(error))
                        continue
                    for note in kept.notes:
                        self.stdout.write(note)
                    made, there = made + kept.is_new, there + (not kept.is_new)
        except PluginFailedError as error:
            raise CommandError(str(error)) from error
        DataServiceQuery.objects.filter(pk=query.pk).update(last_run=timezone.now())
        self.stdout.write(f"{query.name}: {made} targets made, {there} there already, {left_out} left out")
