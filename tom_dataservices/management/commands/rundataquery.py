"""``manage.py rundataquery NUMBER``: run a kept query of a data service and make targets of what it finds."""

from django.core.management.base import BaseCommand, CommandError

from tom_dataservices.models import DataServiceQuery
from tom_dataservices.plugin_errors import PluginFailedError
from tom_dataservices.providers import Access, DataServiceProvider
from tom_dataservices.runs import MOST_RESULTS, fetch_now, make_targets, start_run


class Command(BaseCommand):
    help = "Runs a kept query of a data service and makes targets of what it finds, with their data."

    def add_arguments(self, parser):
        parser.add_argument("query_id", type=int, help="Number of the query, see listqueries.")

    def handle(self, *args, **options):
        query = DataServiceQuery.objects.filter(pk=options["query_id"]).first()
        if query is None:
            raise CommandError(f"there is no kept query {options['query_id']}; listqueries shows them")
        try:
            asked = DataServiceProvider(query.data_service, query.user)
        except ImportError as error:
            raise CommandError(str(error)) from error
        run = start_run(
            asked, dict(query.parameters), query=query, again=True, in_background=False, wanted=MOST_RESULTS
        )
        failure = ""
        try:
            fetch_now(run)
        except PluginFailedError as error:
            failure = str(error)
        # What came before a failure becomes targets all the same.
        results = list(run.results.select_related("run").defer("raw"))
        report = make_targets(results, Access(query.user))
        for note in report.notes:
            self.stdout.write(note)
        self.stdout.write(
            f"{query.name}: {len(report.made)} targets made, {len(report.there)} there already,"
            f" {report.left_out} left out, {report.data_rows} rows of data"
        )
        if failure:
            raise CommandError(failure)
