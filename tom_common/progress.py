"""How far a long command is: a bar on a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

import os
import time
from typing import Any

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_REDRAWS = 0.2
_BAR_WIDTH, _SHORTEST_BAR = 30, 5


class ProgressLine:
    """Writes progress to the error stream of a management command.

    Parameters
    ----------
    stream : OutputWrapper
        ``self.stderr`` of the command.
    quiet : bool
        Write nothing.
    """

    def __init__(self, stream: Any, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._is_terminal = stream.isatty()
        self._started = self._drawn = time.monotonic()
        self._has_bar = False

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return max(time.monotonic() - self._started, 1e-9)

    def __call__(self, text: str, fraction: float | None) -> None:
        """Show a state, if the last one was not shown a moment ago.

        Parameters
        ----------
        text : str
            What was done so far.
        fraction : float, optional
            How much of the whole that is, from 0 to 1; None where it is unknown.
        """
        now = time.monotonic()
        pause = _SECONDS_BETWEEN_REDRAWS if self._is_terminal else _SECONDS_BETWEEN_LINES
        if self._quiet or now - self._drawn < pause:
            return
        self._drawn = now
        if fraction:
            text += f", {duration(self.seconds * (1.0 / fraction - 1.0))} left"
        if not self._is_terminal:
            self._stream.write(text, style_func=str)
            return
        room = self._columns() - 1  # a line that is wrapped could not be drawn over
        bar_width = min(_BAR_WIDTH, room - len(text) - 3)
        if fraction is not None and bar_width >= _SHORTEST_BAR:
            done = int(bar_width * fraction)
            text = f"[{'#' * done}{'.' * (bar_width - done)}] {text}"
        self._stream.write(f"\r\033[K{text[:room]}", style_func=str, ending="")
        self._stream.flush()
        self._has_bar = True

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def finish(self) -> None:
        """End the line of the bar."""
        if self._has_bar:
            self._stream.write("", style_func=str)


def duration(seconds: float) -> str:
    """Return seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
