"""Rules of the house that no linter knows: size of files, names of this machine, unnumbered reminders."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400  # lines
LONGEST_TEMPLATE = 150
EXCUSED_FROM_SIZE = ("migrations/", "requirements/", "package-lock.json")
# Spelt so that this file does not find itself.
FORBIDDEN = {
    r"/wor" r"k/(main|shared)\b": "a path of one machine",
    r"\bpypi\.or"
    r"g/simple|registry\.npmj"
    r"s\.org|files\.pythonhost"
    r"ed\.org": "the address of a package registry",
    r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b(?!\(#\d+\)| #\d+)": "a reminder without the number of an issue",
}


def problems(name: str) -> list[str]:
    """Give what is wrong with one file, a line each."""
    try:
        text = (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    found = []
    lines = text.count("\n")
    longest = LONGEST_TEMPLATE if name.endswith(".html") else LONGEST_FILE
    if (
        name.endswith((".py", ".html"))
        and lines > longest
        and not any(part in name for part in EXCUSED_FROM_SIZE)
    ):
        found.append(f"{name}: {lines} lines, {longest} at most: make a package of it (style.md, section 6)")
    for pattern, what in FORBIDDEN.items():
        for match in re.finditer(pattern, text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{line}: {what}: {match.group()}")
    return found


def main() -> int:
    from lint import tracked

    found = [problem for name in tracked() for problem in problems(name)]
    print("\n".join(found) or "nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
