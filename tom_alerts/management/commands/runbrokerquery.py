"""``manage.py runbrokerquery NAME...``: run kept queries and make targets of all they find."""

from functools import partial

from django.core.management.base import CommandError

from tom_alerts.alerts import GenericBroker
from tom_alerts.models import BrokerQuery
from tom_alerts.registry import brokers
from tom_dataservices.made_targets import access_for, put_on_list
from tom_dataservices.management.query_command import QueryCommand
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.results import give_access_to, noting_new_targets


class Command(QueryCommand):
    help = (
        "Runs kept broker queries by their names, with the rights of their owners, and makes targets, with"
        " data, of all that they find."
    )

    def add_arguments(self, parser):
        parser.add_argument("query_name", nargs="+", help="Name of a kept query.")
        parser.add_argument("--user", help="Owner of the queries, where several have one of the same name.")
        super().add_arguments(parser)

    def handle(self, *args, **options):
        failed = []
        for name in options["query_name"]:
            try:
                self.of_name(name, options)
            except (CommandError, PluginFailedError, ImportError) as error:
                failed.append(f"{name}: {error}")
        if failed:
            raise CommandError("; ".join(failed))

    def of_name(self, name, options):
        found = BrokerQuery.objects.filter(name=name).order_by("pk").select_related("user")
        if options["user"]:
            found = found.filter(user__username=options["user"])
        if not found:
            raise CommandError("there is no kept query of this name")
        if len(found) > 1:
            owners = ", ".join(str(query.user or "nobody") for query in found)
            raise CommandError(f"{len(found)} queries have this name, of {owners}: rename one, or say --user")
        query = found[0]
        wanted = self.wanted(options, query.user)
        broker = brokers.get(query.broker)
        if broker.fetch_and_save_all is not GenericBroker.fetch_and_save_all:
            if options["most"] is not None:
                raise CommandError(
                    f"{query.broker} stores targets in a way of its own, which knows no --most"
                )
            self.by_plugin(broker(), query, wanted)
            return
        _, failure = self.run_query(query, wanted, most=options["most"])
        if failure:
            raise CommandError(failure)

    def by_plugin(self, broker, query, wanted):
        """Let a broker do it that has a way of its own; what it makes becomes the owner's."""
        access = access_for(query.user, wanted, unattended=True)
        give = partial(give_access_to, user=access.user, groups=access.groups)
        with noting_new_targets(wanted.permissions, then=give) as new, plugin_reported(query.broker):
            targets = list(broker.fetch_and_save_all(dict(query.parameters)) or ())
        made = [target for target in targets if target.pk in new]
        notes: list[str] = []
        if wanted.list_name and targets:
            put_on_list(wanted.list_name, [target.pk for target in targets], query.user, notes)
        for note in notes:
            self.stdout.write(note)
        self.stdout.write(
            f"{query.name}: {len(made)} target{'s' * (len(made) != 1)} made,"
            f" {len(targets) - len(made)} there already"
        )
