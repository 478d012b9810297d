"""Which environment variables the project reads, found in its source. Used by tests."""

import ast
from pathlib import Path

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


def _reads_environment(function: ast.expr) -> bool:
    name = ast.unparse(function)
    return (name.startswith("env.") and name.count(".") == 1) or name == "os.environ.get"


def _text(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()
