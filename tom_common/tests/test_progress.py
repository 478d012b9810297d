"""Progress is a bar on a terminal and a plain line elsewhere."""

import io
import os

import pytest
import time_machine
from django.core.management.base import OutputWrapper

from tom_common.progress import ProgressLine, duration


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3661, "1:01:01")])
def test_durations_read_as_clocks_show_them(seconds, text):
    assert duration(seconds) == text


def test_a_terminal_gets_a_bar_with_the_remaining_time(monkeypatch):
    clock = iter([0.0, 10.0, 10.0])
    monkeypatch.setattr("tom_common.progress.time.monotonic", lambda: next(clock))
    stream = Terminal()
    line = ProgressLine(OutputWrapper(stream))
    line("100 alerts", 0.25)
    line.finish()
    assert "[#######.......................] 100 alerts, 0:30 left" in stream.getvalue()
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (200, f"[{'#' * 15}{'.' * 15}] 100 alerts, 0:10 left"),
        (31, "[###...] 100 alerts, 0:10 left"),
        (20, "100 alerts"),
        (6, "100 a"),
    ],
)
def test_the_bar_fits_the_terminal(monkeypatch, columns, shown):
    clock = iter([0.0, 10.0, 10.0])
    monkeypatch.setattr("tom_common.progress.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("tom_common.progress.os.get_terminal_size", lambda _: os.terminal_size((columns, 24)))
    stream = Terminal()
    stream.fileno = lambda: 2
    wrapped = OutputWrapper(stream)
    wrapped.style_func = lambda text: f"<red>{text}</red>"
    ProgressLine(wrapped)("100 alerts", 0.5)
    line = stream.getvalue().removeprefix("\r\033[K")
    assert line.startswith(shown)
    assert len(line) < columns


def test_a_file_gets_a_line_every_ten_seconds(monkeypatch):
    clock = iter([0.0, 5.0, 11.0, 11.0])
    monkeypatch.setattr("tom_common.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    line = ProgressLine(OutputWrapper(stream))
    line("early", None)
    line("late", 0.5)
    line.finish()
    assert stream.getvalue() == "late, 0:11 left\n"


def test_quiet_writes_nothing():
    stream = Terminal()
    with time_machine.travel(0):
        line = ProgressLine(OutputWrapper(stream), quiet=True)
        line("text", 1.0)
        line.finish()
    assert stream.getvalue() == ""
