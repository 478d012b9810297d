"""What ``rundataquery`` and ``runbrokerquery`` share: run a kept query, make targets of all it finds."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tom_dataservices import duplicates
from tom_dataservices.made_targets import MadeTargets, NotAllowedError, Wanted, access_for, targets_for
from tom_dataservices.plugin_errors import PluginFailedError
from tom_dataservices.providers import provider
from tom_dataservices.runs import MOST_RESULTS, fetch_now, start_run
from tom_dataservices.saved_query import SavedQuery
from tom_targets.models import Target

_MOST_UNASKED = 100


class QueryCommand(BaseCommand):
    """Runs kept queries with the rights of their owners; one without an owner may do everything."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what the page of results lets one choose."""
        parser.add_argument("--permissions", choices=Target.Permissions.values, help="Who sees new targets.")
        parser.add_argument(
            "--group", action="append", default=[], help="Name of a group that gets access; may be repeated."
        )
        parser.add_argument("--list", default="", help="Target list that they are put on.")
        parser.add_argument(
            "--on-near",
            choices=[value for value, _ in duplicates.CHOICES],
            help="What becomes of a result near a target of another name.",
        )
        parser.add_argument(
            "--most",
            type=int,
            help=f"How many results are taken at most, up to {MOST_RESULTS:,}; without it as many as the"
            f" query itself says, {_MOST_UNASKED} where it says nothing.",
        )
        parser.add_argument("--no-data", action="store_true", help="Leave light curves where they are.")

    def wanted(self, options: dict[str, Any], owner: Any) -> Wanted:
        """Return what was chosen for the query of an owner.

        Raises
        ------
        CommandError
            If the owner may not add targets, or not give access to one of the groups.
        """
        groups = dict(Group.objects.filter(name__in=options["group"]).values_list("name", "pk"))
        wanted = Wanted(
            group_ids=list(groups.values()),
            permissions=options["permissions"],
            list_name=options["list"],
            with_data=not options["no_data"],
            on_near=options["on_near"],
        )
        try:
            access = access_for(owner, wanted, unattended=True)
        except NotAllowedError as error:
            raise CommandError(str(error)) from error
        given = {group.name for group in access.groups}
        refused = [name for name in options["group"] if name not in given]
        if refused:
            raise CommandError(f"{owner or 'this TOM'} has no group {', '.join(refused)} to give access to")
        return wanted

    def run_query(
        self, query: SavedQuery, wanted: Wanted, *, most: int | None = None
    ) -> tuple[MadeTargets, str]:
        """Run a query and make targets of what it found; return what became of it, and why it failed.

        Of more than `most` results the first are taken, and it is told; see `add_arguments`.

        What came before a failure becomes targets all the same.

        Raises
        ------
        CommandError
            If `most` is none that a run may have.
        ImportError
            If its plugin is gone.
        """
        if most is None:
            most = MOST_RESULTS if query.parameters.get("max_results") else _MOST_UNASKED
        if not 1 <= most <= MOST_RESULTS:
            raise CommandError(f"--most is a number from 1 to {MOST_RESULTS:,}, not {most:,}")
        asked = provider(*query.asks(), query.user)
        run = start_run(
            asked, dict(query.parameters), query=query, again=True, in_background=False, wanted=most
        )
        failure = ""
        try:
            fetch_now(run)
        except PluginFailedError as error:
            failure = str(error)
        report = targets_for(query.user, run.results.all(), wanted, unattended=True)
        for note in report.notes:
            self.stdout.write(note)
        self.stdout.write(f"{query.name}: {report.words()}")
        if run.has_more:
            self.stdout.write(
                f"{query.name}: the first {run.found:,} results were taken, and there are more: --most N"
                " takes them, too."
            )
        return report, failure
