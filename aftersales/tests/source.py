"""The project's own source, for the tests that read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("aftersales", "payments", "orders", "refunds")


def files(*suffixes: str, tops: tuple[str, ...] = APPS) -> list[Path]:
    """The files of these folders, relative to the project, without what was compiled or written elsewhere."""
    found = [path for top in tops for path in (ROOT / top).rglob("*") if path.suffix in suffixes]
    return sorted(path.relative_to(ROOT) for path in found if not {"__pycache__", "vendor"} & set(path.parts))


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name in ("testing.py", "conftest.py")


def modules(*, tests: bool = False) -> dict[str, str]:
    """Every module of the project with its source: {dotted name: text}."""
    return {name_of(path): (ROOT / path).read_text() for path in files(".py") if tests or not is_test(path)}


def name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def called(node: ast.AST) -> str:
    """The last name of what a call calls: `update` of `rows.filter(…).update(…)`."""
    function = node.func if isinstance(node, ast.Call) else node
    return getattr(function, "attr", getattr(function, "id", ""))


def calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
