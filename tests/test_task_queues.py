"""What may take long does not keep people waiting who asked for something short."""

from importlib import import_module
from pathlib import Path

import pytest

from tom_common.background import BackgroundTask

ROOT = Path(__file__).resolve().parent.parent
LONGEST_INTERACTIVE_MS = 30 * 60 * 1000


def tasks():
    found = {}
    for path in ROOT.glob("tom_*/**/*.py"):
        if "tests" in path.parts or "\n@background_task(" not in path.read_text():
            continue
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        found |= {task.path: task for task in vars(module).values() if isinstance(task, BackgroundTask)}
    return found


@pytest.mark.once
def test_what_may_take_longer_than_half_an_hour_is_bulk_work():
    found = tasks()
    assert "tom_common.periodic.tidy" in found
    long = {path for path, task in found.items() if (task.time_limit_ms or 0) > LONGEST_INTERACTIVE_MS}
    assert "tom_targets.tasks.import_targets_file" in long
    assert {path for path in long if found[path].queue != "bulk"} == set()
