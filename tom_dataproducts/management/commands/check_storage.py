from django.core.management.base import BaseCommand, CommandError

from tom_common.files import StorageUnavailable, size_text
from tom_dataproducts.storage_check import GRACE_HOURS, check_storage


class Command(BaseCommand):
    help = (
        "Compare the storage of files with the rows that know them. Ends with status 1 where a row has no"
        " file, a file has another size than it came with, or a file has no row."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--grace-hours",
            type=float,
            default=GRACE_HOURS,
            help="a younger file without a row may be a running upload (default: %(default)s)",
        )
        parser.add_argument(
            "--delete-orphans",
            action="store_true",
            help="tell which files without a row would be deleted; deletes them only with --really",
        )
        parser.add_argument("--really", action="store_true", help="with --delete-orphans: delete them")

    def handle(self, *, grace_hours, delete_orphans, really, verbosity, **options):
        if really and not delete_orphans:
            raise CommandError("--really goes with --delete-orphans")
        if grace_hours < 0:
            raise CommandError("--grace-hours is a number of hours, 0 or more")
        words = {"missing": "no file", "other size": "other size", "orphan": "no row"}
        if delete_orphans:
            words["orphan"] = "deleted" if really else "would be deleted"

        def tell(kind, name, size):
            self.stdout.write(f"{words[kind]:16} {name}" + (f" ({size} bytes)" if size else ""))

        try:
            report = check_storage(tell, grace_hours=grace_hours, delete_orphans=delete_orphans and really)
        except StorageUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{report.rows} rows with a file, {report.files} files ({size_text(report.bytes)}): "
            f"{report.missing} rows without file, {report.other_size} files of another size,"
            f" {report.orphans} files without row ({size_text(report.orphan_bytes)}),"
            f" {report.deleted} deleted, {report.young} too young to tell"
        )
        if not report.is_in_order:
            raise SystemExit(1)
