"""Check the documents: links, decision records, change fragments; ``--mend`` writes their index."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("tutorials", "how-to", "reference", "explanation", "decisions")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
RECORD = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
FRAGMENT = re.compile(r"[A-Za-z0-9_+-]+\.(feature|api|bugfix|perf|doc)\.md")


def pages(root: Path) -> list[Path]:
    """Give every document of the project."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "benchmarks").glob("*.md")])


def _anchors(page: Path) -> set[str]:
    titles = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken_links(root: Path) -> list[str]:
    """Give the links that lead to no file, or to no heading of it."""
    found = []
    for page in pages(root):
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for link in LINK.findall(text):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists():
                found.append(f"{page.relative_to(root)}: {link} leads nowhere")
            elif anchor and target.suffix == ".md" and anchor not in _anchors(target):
                found.append(f"{page.relative_to(root)}: {link} names no heading")
    return found


def unlisted_pages(root: Path) -> list[str]:
    """Give the pages that their room's index does not name."""
    found = []
    for room in ROOMS:
        index = root / "docs" / room / "README.md"
        listed = set(LINK.findall(index.read_text()))
        others = sorted((root / "docs" / room).glob("*.md"))
        found += [
            f"{index.relative_to(root)} does not list {page.name}"
            for page in others
            if page.name not in listed | {index.name}
        ]
    return found


def records(root: Path) -> list[Path]:
    """Give the decision records in their order."""
    return [page for page in sorted((root / "docs" / "decisions").glob("*.md")) if page.name != "README.md"]


def bad_records(root: Path) -> list[str]:
    """Give what is wrong with decision records: names, numbers given twice, parts that are missing."""
    found, seen = [], {}
    for page in records(root):
        named = RECORD.fullmatch(page.name)
        if not named:
            found.append(f"{page.name} is not named NNNN-title.md")
            continue
        if named[1] in seen:
            found.append(f"{page.name} and {seen[named[1]]} have one number")
        seen[named[1]] = page.name
        text = page.read_text().lower()
        found += [
            f"{page.name} says nothing of its {part}"
            for part in ("context", "choice", "price")
            if part not in text
        ]
    return found


def bad_fragments(root: Path) -> list[str]:
    """Give the change fragments that are misnamed or are not one full sentence."""
    found = []
    for file in sorted((root / "changes").iterdir()):
        if file.name in {"README.md", "template.md.jinja"}:
            continue
        text = file.read_text().strip()
        if not FRAGMENT.fullmatch(file.name):
            found.append(f"changes/{file.name} is not named <name>.<feature|api|bugfix|perf|doc>.md")
        elif not text.endswith(".") or "\n\n" in text:
            found.append(f"changes/{file.name} is not one full sentence")
    return found


def problems(root: Path = ROOT) -> list[str]:
    """Give everything that is wrong with the documents, a line each."""
    return [*broken_links(root), *unlisted_pages(root), *bad_records(root), *bad_fragments(root)]


def write_index(root: Path = ROOT) -> None:
    """Write the list of decision records into their room's index."""
    index = root / "docs" / "decisions" / "README.md"
    head = index.read_text().partition("\n- [")[0].rstrip()
    lines = []
    for page in records(root):
        title = HEADING.search(page.read_text())
        lines.append(f"- [{title[1] if title else page.stem}]({page.name})")
    index.write_text("\n".join([head, "", *lines]) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mend", action="store_true", help="write the index of decision records first")
    if parser.parse_args().mend:
        write_index()
    found = problems()
    draft = subprocess.run(
        [str(Path(sys.prefix) / "bin" / "towncrier"), "build", "--draft", "--version", "next"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if draft.returncode:
        found.append(f"towncrier: {draft.stderr.strip()}")
    print("\n".join(found) or "the documents are in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
