"""``manage.py rundataquery NUMBER``: run a kept query of a data service and make targets of what it finds."""

from django.core.management.base import CommandError

from tom_dataservices.management.query_command import QueryCommand
from tom_dataservices.models import DataServiceQuery


class Command(QueryCommand):
    help = (
        "Runs a kept query of a data service with the rights of its owner, and makes targets of what it"
        " finds, with their data."
    )

    def add_arguments(self, parser):
        parser.add_argument("query_id", type=int, help="Number of the query, see listqueries.")
        super().add_arguments(parser)

    def handle(self, *args, **options):
        query = DataServiceQuery.objects.filter(pk=options["query_id"]).first()
        if query is None:
            raise CommandError(f"there is no kept query {options['query_id']}; listqueries shows them")
        try:
            _, failure = self.run_query(query, self.wanted(options, query.user), most=options["most"])
        except ImportError as error:
            raise CommandError(str(error)) from error
        if failure:
            raise CommandError(failure)
