"""``manage.py rundataquery NUMBER``: run a kept query of a data service and make targets of what it finds."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

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
        made = there = 0
        try:
            with plugin_reported(query.data_service):
                asked = DataServiceProvider(query.data_service, query.user)
                for found in asked.find(dict(query.parameters)):
                    kept = asked.make_target(found.raw, Access(query.user))
                    made, there = made + kept.is_new, there + (not kept.is_new)
        except PluginFailedError as error:
            raise CommandError(str(error)) from error
        DataServiceQuery.objects.filter(pk=query.pk).update(last_run=timezone.now())
        self.stdout.write(f"{query.name}: {made} targets made, {there} there already")
