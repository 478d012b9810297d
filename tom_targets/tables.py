"""Columns of the target list and the text of their cells, made in Python since filters in cells are slow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.sparkline import sparkline_svg
from tom_common.templatetags.front_end import moment
from tom_targets import formats
from tom_targets.models import Target
from tom_targets.summaries import summary_of

DEFAULT_SORT = "-created"
_SUMMARY = "light_curve_summary"
_DASH = "–"

CellText = Callable[[Any, Any, dict[str, str]], str]


@dataclass(frozen=True)
class Column:
    """A column: how it is called, how it is sorted, what a row shows in it.

    `text` takes the target, its light-curve summary or None, and its extras by key.
    """

    name: str
    label: str
    text: CellText
    sort: str = ""
    unit: str = ""
    css: str = ""
    newest_first: bool = False
    needs_extras: bool = False

    @property
    def card_label(self) -> str:
        """Label on a phone; a drawing needs none."""
        return "" if self.text is _sparkline else self.label


@dataclass(frozen=True)
class Cell:
    """One cell: markup, CSS classes, and the label that stands before it on a phone."""

    html: str
    css: str
    label: str

    @property
    def label_attribute(self) -> str:
        """The attribute that a phone reads the label from."""
        return f' data-label="{conditional_escape(self.label)}"' if self.label else ""


@dataclass(frozen=True)
class Row:
    """One target of the list."""

    pk: int
    name: str
    url: str
    cells: list[Cell]
    is_selected: bool = False
    is_simulated: bool = False

    @property
    def cells_html(self) -> SafeString:
        """The ``<td>`` elements; written here, since a loop in a template takes four times as long."""
        return mark_safe(  # noqa: S308  every part is escaped
            "".join(
                f'<td class="{cell.css}"{cell.label_attribute}>{conditional_escape(cell.html)}</td>'
                for cell in self.cells
            )
        )


@dataclass(frozen=True)
class Header:
    """Head of a column, with the address that sorts by it."""

    label: str
    unit: str
    css: str
    sort_url: str
    aria_sort: str


def summary_label(summary: Any) -> str:
    """Say in words what a sparkline shows: ``"r 18.2, fading 0.05 mag/day"``."""
    if summary is None or summary.last_mag is None:
        return "no detection"
    parts = [f"{summary.last_band} {summary.last_mag:.1f}".strip(), formats.change(summary.rate_mag_per_day)]
    return ", ".join(part for part in parts if part)


def magnitude(summary: Any) -> str:
    """Write the newest magnitude with error and band: ``"18.21 ± 0.04 r"``."""
    if summary is None or summary.last_mag is None:
        return _DASH
    return f"{formats.with_error(summary.last_mag, summary.last_mag_error)} {summary.last_band}".strip()


def _rate(target: Any, summary: Any, extras: dict[str, str]) -> str:
    if summary is None or summary.rate_mag_per_day is None:
        return _DASH
    return formats.with_minus(f"{summary.rate_mag_per_day:+.3f}")


def _sparkline(target: Any, summary: Any, extras: dict[str, str]) -> str:
    return "" if summary is None else sparkline_svg(summary.points, label=summary_label(summary))


def _ra(target: Any, summary: Any, extras: dict[str, str]) -> str:
    if target.ra is None:
        return _DASH
    return format_html('<span title="{}°">{}</span>', f"{target.ra:.6f}", ra_to_hms(target.ra, decimals=2))


def _dec(target: Any, summary: Any, extras: dict[str, str]) -> str:
    if target.dec is None:
        return _DASH
    degrees, shown = f"{target.dec:.6f}", dec_to_dms(target.dec, decimals=1)
    return format_html('<span title="{}°">{}</span>', formats.with_minus(degrees), formats.with_minus(shown))


def _time(value: Any) -> str:
    """Write a time to the minute; the head of the column says UTC."""
    shown = moment(value, "minutes")
    return mark_safe(shown.replace(" UTC</time>", "</time>"))  # noqa: S308  moment() escapes


def _summary_time(name: str) -> CellText:
    return lambda target, summary, extras: _time(getattr(summary, name, None))


def _summary_count(name: str) -> CellText:
    return lambda target, summary, extras: f"{getattr(summary, name, 0):,}"


# Whether a target is simulated travels as this attribute; no field of a project's own targets has this name.
SIMULATED_MARK = "tom_is_simulated"

# What the person asking says of a target travels beside its extras, under keys that no extra has.
STATUS_KEY, STAR_KEY = "\0status", "\0star"


def _status(target: Any, summary: Any, extras: dict[str, str]) -> str:
    return extras.get(STATUS_KEY, _DASH)


def _star(target: Any, summary: Any, extras: dict[str, str]) -> str:
    return mark_safe('<span title="Among your favourites">★</span>') if extras.get(STAR_KEY) else ""  # noqa: S308


_ALL = (
    Column("light_curve", "Light curve", _sparkline, css="tom-list-curve"),
    Column(
        "last_mag",
        "Magnitude",
        lambda target, summary, extras: magnitude(summary),
        sort=f"{_SUMMARY}__last_mag",
        unit="mag",
        css="num",
    ),
    Column("rate", "Change", _rate, sort=f"{_SUMMARY}__rate_mag_per_day", unit="mag/day", css="num"),
    Column(
        "last_detection",
        "Last detection",
        _summary_time("last_detection"),
        sort=f"{_SUMMARY}__last_detection",
        unit="UTC",
        css="num",
        newest_first=True,
    ),
    Column("peak_mag", "Peak", lambda target, summary, extras: _peak(summary), unit="mag", css="num"),
    Column(
        "detections",
        "Detections",
        _summary_count("detection_count"),
        css="num",
        sort=f"{_SUMMARY}__detection_count",
    ),
    Column("ra", "RA", _ra, sort="ra", css="num tom-hide-phone"),
    Column("dec", "Dec", _dec, sort="dec", css="num tom-hide-phone"),
    Column("status", "Status", _status),
    Column("favourite", "Favourite", _star),
    Column("type", "Type", lambda target, summary, extras: target.get_type_display(), sort="type"),
    Column(
        "permissions",
        "Seen by",
        lambda target, summary, extras: VISIBILITY_WORDS.get(target.permissions, target.permissions),
    ),
    Column(
        "created",
        "Added",
        lambda target, summary, extras: _time(target.created),
        sort="created",
        unit="UTC",
        css="num tom-hide-phone",
        newest_first=True,
    ),
    Column(
        "modified",
        "Changed",
        lambda target, summary, extras: _time(target.modified),
        sort="modified",
        unit="UTC",
        css="num tom-hide-phone",
        newest_first=True,
    ),
)
COLUMNS: dict[str, Column] = {column.name: column for column in _ALL}
VISIBILITY_WORDS: dict[str, str] = {
    Target.Permissions.OPEN: "everybody",
    Target.Permissions.PUBLIC: "logged-in users",
    Target.Permissions.PRIVATE: "chosen people",
}


def _peak(summary: Any) -> str:
    if summary is None or summary.peak_mag is None:
        return _DASH
    return f"{summary.peak_mag:.2f} {summary.peak_band}".strip()


def columns_named(names: Iterable[str], *, with_light_curves: bool) -> list[Column]:
    """Return the columns with some names, in that order; the target's name is always shown, not among them.

    A name that is neither in `COLUMNS` nor a field of a target is that of an extra field or tag.
    """
    chosen: dict[str, Column] = {}
    for name in names:
        if name in chosen or name in ("name", "observations", "saved_data") or not name:
            continue
        column = COLUMNS.get(name) or _field_column(name) or _extra_column(name)
        if with_light_curves or not (column.sort.startswith(_SUMMARY) or name in ("light_curve", "peak_mag")):
            chosen[name] = column
    return list(chosen.values())


def _field_column(name: str) -> Column | None:
    try:
        field = Target._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not field.concrete or field.is_relation:
        return None

    def text(target: Any, summary: Any, extras: dict[str, str]) -> str:
        value = getattr(target, name)
        if value is None or value == "":
            return _DASH
        return formats.with_minus(formats.significant(value)) if isinstance(value, float) else str(value)

    return Column(name, str(field.verbose_name), text, css="num")


def _extra_column(name: str) -> Column:
    def text(target: Any, summary: Any, extras: dict[str, str]) -> str:
        return extras.get(name, _DASH)

    return Column(name, name.replace("_", " "), text, needs_extras=True)


class TargetTable:
    """The rows of one page of the target list, ready for the template."""

    def __init__(
        self,
        targets: Sequence[Model],
        columns: Sequence[Column],
        *,
        sort: str = DEFAULT_SORT,
        query: Sequence[tuple[str, str]] = (),
        extras: dict[int, dict[str, str]] | None = None,
        selected: Iterable[int] = (),
    ) -> None:
        self.columns = list(columns)
        self.sort = sort
        self.selected = frozenset(selected)
        self._query = [(key, value) for key, value in query if key not in ("sort", "cursor")]
        self._extras = extras or {}
        self.rows = [self._row(target) for target in targets]
        self.headers = [self._header(column) for column in self.columns]
        self.name_header = self._header(
            Column("name", "Name", lambda target, summary, extras: "", sort="name")
        )

    def _row(self, target: Any) -> Row:
        summary = summary_of(target)
        extras = self._extras.get(target.pk, {})
        cells = [
            Cell(column.text(target, summary, extras), column.css, column.card_label)
            for column in self.columns
        ]
        url = reverse("targets:detail", args=(target.pk,))
        is_simulated = getattr(target, SIMULATED_MARK, False)
        return Row(target.pk, target.name, url, cells, target.pk in self.selected, is_simulated)

    def _header(self, column: Column) -> Header:
        aria_sort, url = "", ""
        if column.sort:
            key, _, direction = self.sort.rpartition("-")[2], None, self.sort.startswith("-")
            first = f"-{column.name}" if column.newest_first else column.name
            other = column.name if column.newest_first else f"-{column.name}"
            is_sorted = key == column.name
            if is_sorted:
                aria_sort = "descending" if direction else "ascending"
            url = "?" + urlencode(
                [*self._query, ("sort", other if is_sorted and self.sort == first else first)]
            )
        return Header(column.label, column.unit, column.css, url, aria_sort)


def sort_expression(sort: str) -> str:
    """Return what the database sorts by for a sort parameter of the page, for example ``-last_detection``.

    Raises
    ------
    KeyError
        If the page does not sort by it.
    """
    name = sort.removeprefix("-")
    expression = {"name": "name"}.get(name) or COLUMNS[name].sort
    if not expression:
        raise KeyError(name)
    return f"-{expression}" if sort.startswith("-") else expression
