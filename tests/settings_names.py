"""Which environment variables and settings the project reads, found in its source. Used by tests."""

import ast
from pathlib import Path

from django.conf import global_settings

ROOT = Path(__file__).resolve().parent.parent


def environment_names() -> set[str]:
    """Give every variable that ``tom_project`` reads, by ``env.kind("NAME")`` or ``os.environ``."""
    found = set()
    for file in sorted((ROOT / "tom_project").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and _reads_environment(node.func) and node.args:
                found |= _text(node.args[0])
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
                found |= _text(node.slice)
    return found


OF_LIBRARIES = {"ANONYMOUS_USER_NAME", "DRAMATIQ_BROKER"}  # described by django-guardian, django-dramatiq


def setting_names() -> set[str]:
    """Give every setting of ours that an app reads: ``settings.NAME``, ``getattr``, ``setting("NAME")``."""
    found = set()
    for file in sorted(ROOT.glob("tom_*/**/*.py")):
        if "tests" in file.parts or file.is_relative_to(ROOT / "tom_project"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"settings", "conf.settings"}:
                found.add(node.attr)
            elif isinstance(node, ast.Call) and _reads_setting(node):
                found |= {name for argument in node.args for name in _text(argument)}
    names = {name for name in found if name.isupper()}
    return {name for name in names if not hasattr(global_settings, name)} - OF_LIBRARIES


def _reads_setting(call: ast.Call) -> bool:
    function = ast.unparse(call.func)
    if function == "getattr" and call.args:
        return ast.unparse(call.args[0]) in {"settings", "conf.settings"}
    return function in {"setting", "conf.setting", "PluginRegistry"}


def _reads_environment(function: ast.expr) -> bool:
    name = ast.unparse(function)
    return (name.startswith("env.") and name.count(".") == 1) or name == "os.environ.get"


def _text(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()
