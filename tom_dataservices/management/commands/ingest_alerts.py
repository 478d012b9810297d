"""``manage.py ingest_alerts PATH...``: alert packets become targets with data."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

from tom_common.progress import ProgressLine
from tom_dataservices.ingest import IngestOptions, IngestReport, ingest_packets
from tom_dataservices.ingest.options import ON_NEAR
from tom_dataservices.ingest.report import counted
from tom_dataservices.packets import BadSchemaError
from tom_dataservices.packets.framing.files import SUFFIXES
from tom_targets import conf as targets_conf


class Command(BaseCommand):
    """Ingest alert packets from files, archives and folders."""

    help = (
        "Ingest alert packets: Avro object containers, gzip and tar of them, single Confluent-framed or"
        " schemaless packets, and folders. The same file again changes nothing; a broken packet is reported"
        " and kept aside."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="File, archive or folder.")
        parser.add_argument(
            "--schemas",
            type=Path,
            metavar="DIR",
            help="Avro schemas of framed packets (default: schema/ beside).",
        )
        parser.add_argument("--schema", type=Path, metavar="FILE", help="Avro schema of schemaless packets.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Count what would change, and change nothing."
        )
        parser.add_argument(
            "--list", default="", metavar="NAME", help="Put every target on this target list."
        )
        parser.add_argument(
            "--permissions",
            choices=["open", "public", "private"],
            default="public",
            help="Who sees new targets (default: public).",
        )
        parser.add_argument(
            "--groups",
            nargs="+",
            default=[],
            metavar="GROUP",
            help="Groups that may see and change new targets.",
        )
        parser.add_argument(
            "--user", default="", metavar="NAME", help="Ingest as this user, with this user's rights."
        )
        parser.add_argument(
            "--all-cutouts", action="store_true", help="Keep the cutouts of every alert, not only the newest."
        )
        parser.add_argument(
            "--near",
            type=float,
            default=targets_conf.duplicate_radius_arcsec(),
            metavar="ARCSEC",
            help="Tell of new objects so near a target of another name; 0: do not look"
            " (default: TOM_DUPLICATE_RADIUS_ARCSEC, %(default)s).",
        )
        parser.add_argument(
            "--on-near",
            choices=ON_NEAR,
            default="create",
            help="What becomes of such an object: a target anyway, data of that target, or nothing.",
        )
        parser.add_argument(
            "--batch-size", type=int, default=1000, metavar="N", help="Alerts per transaction."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ingest and print what was done; exit with an error when nothing could be read."""
        for path in options["paths"]:
            if not path.exists():
                raise CommandError(f"{path}: no such file or folder")
        if options["batch_size"] < 1:
            raise CommandError(f"--batch-size {options['batch_size']}; expected at least 1")
        if not 0.0 <= options["near"] <= 3600.0:
            raise CommandError(f"--near {options['near']}; expected 0 to 3600 arcsec")
        choices = IngestOptions(
            user=self._user(options["user"]),
            permissions=options["permissions"].upper(),
            group_ids=self._groups(options["groups"]),
            list_name=options["list"],
            all_cutouts=options["all_cutouts"],
            dry_run=options["dry_run"],
            batch_size=options["batch_size"],
            schemas_dir=options["schemas"],
            schema_file=options["schema"],
            near_arcsec=options["near"],
            on_near=options["on_near"],
        )
        progress = ProgressLine(self.stderr, quiet=options["verbosity"] == 0)

        def tell(report: IngestReport) -> None:
            rate = report.received / progress.seconds
            text = f"{counted(report.received, 'alert')}, {report.new_data:,} new data, {rate:,.0f} alerts/s"
            progress(text, report.fraction)

        try:
            report = ingest_packets(options["paths"], choices, on_progress=tell)
        except (OSError, BadSchemaError) as error:
            raise CommandError(str(error)) from error
        finally:
            progress.finish()
        if not report.received:
            named = " ".join(str(path) for path in options["paths"])
            raise CommandError(
                f"{named}: no file in here has the name of an alert file ({', '.join(SUFFIXES)})"
            )
        self._print(report, progress.seconds, dry_run=options["dry_run"])

    def _user(self, name: str) -> Any:
        if not name:
            return None
        model = get_user_model()
        user = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()
        if user is None:
            raise CommandError(f"--user {name}: there is no such user")
        return user

    def _groups(self, names: list[str]) -> tuple[int, ...]:
        found = dict(Group.objects.filter(name__in=names).values_list("name", "pk"))
        missing = [name for name in names if name not in found]
        if missing:
            known = ", ".join(Group.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"--groups {missing[0]}: there is no such group; there are: {known}")
        return tuple(found[name] for name in names)

    def _print(self, report: IngestReport, seconds: float, *, dry_run: bool) -> None:
        for reason in report.reasons:
            self.stderr.write(self.style.WARNING(f"rejected: {reason}"))
        if report.rejected > len(report.reasons):
            self.stderr.write(self.style.WARNING(f"... and {report.rejected - len(report.reasons)} more"))
        for note in report.near_notes:
            self.stderr.write(f"near: {note}")
        if report.near > len(report.near_notes):
            self.stderr.write(f"near: ... and {report.near - len(report.near_notes)} more")
        rate = report.received / seconds
        prefix = "dry run, nothing was changed: " if dry_run else ""
        self.stdout.write(f"{prefix}{report.summary()} ({seconds:.1f} s, {rate:,.0f} alerts/s)")
        if report.rejected and report.rejected >= report.received:
            raise CommandError("no packet could be taken")
