"""System checks: what ``manage.py check`` says about the settings before a user finds out.

All findings are Warnings: a plugin that is missing on this machine must not keep the TOM from starting.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Warning, register

from tom_common import conf
from tom_common.hooks import import_method
from tom_common.plugins import PluginRegistry


@register("tom")
def check_plugins(**_: Any) -> list[CheckMessage]:
    """Report every entry of a plugin setting that cannot be used, and what usable ones lack."""
    hint = "Correct the path or the class, or install the package that holds it."
    found: list[CheckMessage] = []
    for registry in PluginRegistry.instances:
        found += [Warning(problem, hint=hint, id="tom_common.W001") for problem in registry.problems()]
        found += [Warning(remark, id="tom_common.W005") for remark in registry.remarks()]
    return found


@register("tom")
def check_hooks(**_: Any) -> list[CheckMessage]:
    """Report paths in ``HOOKS`` and ``TOM_ACCOUNT_REQUIREMENTS`` that cannot be imported."""
    named = [(f"HOOKS[{name!r}]", path) for name, path in conf.hooks().items() if path]
    named += [("TOM_ACCOUNT_REQUIREMENTS", path) for path in conf.account_requirements()]
    found: list[CheckMessage] = []
    for place, path in named:
        try:
            import_method(path)
        except ImportError as error:
            found.append(Warning(f"settings.{place}: {error}", id="tom_common.W002"))
    return found


@register("tom")
def check_periodic_tasks(**_: Any) -> list[CheckMessage]:
    """Report periodic work, of apps and settings, that is no proper entry or names no module.

    The modules themselves are not imported: a check is quick.
    """
    from tom_common.scheduler import periodic_tasks, refused_tasks

    problems = [f"periodic work {name!r}: {reason}" for name, reason in refused_tasks().items()]
    for name, entry in periodic_tasks().items():
        module = entry.task.rpartition(".")[0]
        try:
            is_there = bool(module) and find_spec(module) is not None
        except ImportError:
            is_there = False
        if not is_there:
            problems.append(f"periodic work {name!r}: there is no module {module!r}")
    hint = "Correct TOM_PERIODIC_TASKS, or periodic_tasks() of the app."
    return [Warning(problem, hint=hint, id="tom_common.W004") for problem in problems]


@register("tom")
def check_background_mode(**_: Any) -> list[CheckMessage]:
    """Report a ``TOM_BACKGROUND`` that is none of the four modes."""
    mode = conf.background_mode()
    if mode in conf.BACKGROUND_MODES:
        return []
    modes = ", ".join(conf.BACKGROUND_MODES)
    return [Warning(f"settings.TOM_BACKGROUND is {mode!r}; expected one of {modes}", id="tom_common.W003")]
