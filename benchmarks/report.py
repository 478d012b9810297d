"""How benchmarks print: one line of a table for each figure, one line for the machine."""

import argparse
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

FORMAT = "{:46} {:>10} {:24} {:>12} {:7} {}"


def print_machine(engines: str = "") -> None:
    """Print what the figures depend on besides the code."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"machine: {os.cpu_count()} cores, Python {platform.python_version()}, Django {version('Django')},"
        f" {engines + ', ' if engines else ''}load average {load}",
        flush=True,
    )


def print_heading() -> None:
    """Print what the columns are."""
    print(FORMAT.format("figure", "median", "(min-max, rounds)", "wanted", "", "database"), flush=True)


@dataclass
class Figure:
    """One number that was promised; `wanted` is the worst value allowed, None where nothing is promised."""

    name: str
    values: Sequence[float]
    unit: str
    wanted: float | None = None
    more_is_better: bool = False
    database: str = "-"
    note: str = ""
    median: float = field(init=False)

    def __post_init__(self) -> None:
        """Compute the median."""
        self.median = statistics.median(self.values)

    def show(self) -> None:
        """Print the line."""
        spread = ""
        if len(self.values) > 1:
            spread = f"({_short(min(self.values))}-{_short(max(self.values))}, {len(self.values)})"
        sign = "" if self.wanted is None else f"{'>=' if self.more_is_better else '<'} {_short(self.wanted)}"
        line = FORMAT.format(
            self.name, f"{_short(self.median)} {self.unit}", spread, sign, self._verdict(), self.database
        )
        print(f"{line}  {self.note}".rstrip(), flush=True)

    def _verdict(self) -> str:
        if self.wanted is None:
            return ""
        good = self.median >= self.wanted if self.more_is_better else self.median < self.wanted
        return "ok" if good else "missed"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def options_of(
    description: str | None, arguments: list[str] | None = None, **flags: str
) -> argparse.Namespace:
    """Read the options that every benchmark has, and further flags (name: help)."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--databases", default="sqlite,postgresql", help="which, separated by commas")
    parser.add_argument("--quick", action="store_true", help="few rows and rounds: does it run at all?")
    for name, text in flags.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)
    options = parser.parse_args(arguments)
    options.databases = [name for name in options.databases.split(",") if name]
    unknown = set(options.databases) - {"sqlite", "postgresql"}
    if unknown:
        parser.error(f"unknown database: {', '.join(sorted(unknown))}")
    return options
