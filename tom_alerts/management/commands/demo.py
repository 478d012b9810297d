"""``manage.py demo``: a simulated survey night to look around in, and ``--remove`` to take it away again."""

from __future__ import annotations

import datetime
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tom_alerts.demo import DEMO_ACCOUNTS, last_night, load_demo, passwords_are_safe, remove_demo
from tom_common.progress import ProgressLine


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date; expected YYYY-MM-DD") from error


class Command(BaseCommand):
    """Load or remove the demo."""

    help = (
        "Simulate one survey night and the two months before it, and ingest the alerts. All of it is labelled"
        " as simulated. A second run adds nothing that is there; --remove takes exactly the demo's rows away."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--remove", action="store_true", help="Take away what the demo made.")
        parser.add_argument(
            "--night",
            type=_date,
            metavar="YYYY-MM-DD",
            help="Last night of the survey (default: last night).",
        )
        parser.add_argument(
            "--objects", type=int, default=300, help="Transients and variables (default: 300)."
        )
        parser.add_argument("--seed", type=int, default=26, help="Seed of the random numbers (default: 26).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load or remove the demo and say what was done."""
        if options["remove"]:
            removal = remove_demo()
            self.stdout.write(
                f"removed {removal.targets} targets with their data; {removal.others} accounts, groups, lists"
            )
            if removal.kept:
                self.stdout.write(
                    f"kept {len(removal.kept)} targets with something of others: {', '.join(removal.kept)}"
                )
            return
        progress = ProgressLine(self.stderr, quiet=options["verbosity"] == 0)
        try:
            report = load_demo(
                options["night"] or last_night(timezone.now()),
                objects=options["objects"],
                seed=options["seed"],
                on_progress=lambda report: progress(report.summary(), None),
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        finally:
            progress.finish()
        self.stdout.write(f"demo: {report.summary()}")
        if not passwords_are_safe():
            self.stdout.write(
                "The demo's accounts have no passwords, since ALLOWED_HOSTS has names that others can reach:"
                " set them with manage.py changepassword NAME."
            )
            return
        for account in DEMO_ACCOUNTS:
            self.stdout.write(f"  {account.username:10} {account.password:14} {account.description}")
