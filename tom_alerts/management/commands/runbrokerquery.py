"""``manage.py runbrokerquery NAME...``: run kept queries and make targets of all they find."""

from django.core.management.base import BaseCommand, CommandError

from tom_alerts.models import BrokerQuery
from tom_alerts.registry import brokers
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported


class Command(BaseCommand):
    help = "Runs kept broker queries by their names and makes targets, with data, of all that they find."

    def add_arguments(self, parser):
        parser.add_argument("query_name", nargs="+", help="Name of a kept query.")

    def handle(self, *args, **options):
        failed = []
        for name in options["query_name"]:
            query = BrokerQuery.objects.filter(name=name).order_by("pk").first()
            if query is None:
                failed.append(f"there is no kept query named {name!r}")
                continue
            try:
                with plugin_reported(query.broker):
                    targets = brokers.get(query.broker)().fetch_and_save_all(dict(query.parameters))
            except PluginFailedError as error:
                failed.append(f"{name}: {error}")
                continue
            self.stdout.write(f"{name}: {len(targets)} targets")
        if failed:
            raise CommandError("; ".join(failed))
