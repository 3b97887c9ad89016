"""What no line of the source may do."""

import ast
import re
from collections.abc import Iterator

import pytest

from aftersales.tests.source import ROOT, called, calls, files, modules

ENGINE = "aftersales.lifecycle.move"
WRITERS = {"update", "create", "bulk_create", "get_or_create", "update_or_create", "acreate", "aupdate"}
ROWS = {"Order", "Ticket", "Payout", "Dispute"}


def state_writes(source: str) -> list[int]:
    """The lines that write the state of a row by any other way than begin() and move()."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt | ast.expr))
    return sorted({node.lineno for node in nodes if _writes_state(node)})


def _writes_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(_is_state(part) for target in targets for part in ast.walk(target))
    if isinstance(node, ast.Call):
        words = {keyword.arg for keyword in node.keywords}
        by_name = called(node) in WRITERS | ROWS and "state" in words
        return by_name or _lists_state(node) or _sets_state(node) or _sets_attribute(node)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SQL.search(node.value))


_SQL = re.compile(r"\bUPDATE\b.*\bSET\b[^;]*\bstate\b\s*=", re.IGNORECASE | re.DOTALL)


def _is_state(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store)


def _lists_state(node: ast.Call) -> bool:
    """bulk_update(rows, ["state"]), save(update_fields=["state"]), update(**{"state": …})."""
    if called(node) not in {*WRITERS, "bulk_update", "save", "asave"}:
        return False
    return any(isinstance(part, ast.Constant) and part.value == "state" for part in ast.walk(node) if part is not node)


def _sets_state(node: ast.Call) -> bool:
    """Further columns of a move: sets={"state": …}; a column that only takes its value over, F("state"), is none."""
    return any(
        isinstance(key, ast.Constant) and key.value == "state"
        for keyword in node.keywords
        if keyword.arg in ("sets", "defaults")
        for part in ast.walk(keyword.value)
        if isinstance(part, ast.Dict)
        for key in part.keys
    )


def _sets_attribute(node: ast.Call) -> bool:
    names = [part.value for part in node.args if isinstance(part, ast.Constant)]
    return called(node) in ("setattr", "__setattr__") and "state" in names


def found(check, *, only=("aftersales", "orders", "refunds"), but=()) -> list[str]:
    sources = modules().items()
    ours = [(name, source) for name, source in sources if name.split(".")[0] in only and name not in but]
    return [f"{name}:{line}" for name, source in ours for line in check(source)]


def test_only_the_engine_writes_a_state():
    assert found(state_writes, but=(ENGINE,)) == []
    assert state_writes(modules()[ENGINE]) != []


@pytest.mark.parametrize(
    "line",
    [
        "order.state = 'closed'",
        "a, order.state = 1, 2",
        "order.state: str = 'closed'",
        "Order.objects.filter(pk=1).update(state='closed')",
        "Order.objects.update(**{'state': 'closed'})",
        "Order(state='closed')",
        "models.Ticket(state='closed')",
        "Order.objects.create(state='closed')",
        "Order.objects.update_or_create(pk=1, defaults={'state': 'closed'})",
        "Order.objects.bulk_update(rows, ['due_at', 'state'])",
        "order.save(update_fields=('state',))",
        "setattr(order, 'state', 'closed')",
        "move(ORDER, 'cancel', rows, by, sets={'state': 'closed'})",
        "cursor.execute('UPDATE orders_order SET due_at = NULL, state = %s')",
    ],
)
def test_a_write_of_a_state_is_found(line):
    assert state_writes(f"import x\n{line}\n") == [2]


@pytest.mark.parametrize(
    "line",
    [
        "Order.objects.filter(state='closed').update(due_at=None)",
        "When(state='closed', then=1)",
        "begin(ORDER, rows, by, state=S.CLOSED)",
        "state = order.state",
        "cursor.execute('SELECT 1 FROM orders_order WHERE state = 1')",
    ],
)
def test_reading_a_state_is_no_write(line):
    assert state_writes(line) == []


def signals(source: str) -> Iterator[int]:
    """Imports of Django's signals, their dispatcher, and @receiver."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            if any(re.search(r"^django\.dispatch|^django\..*signals|^signals$|^receiver$", name) for name in names):
                yield node.lineno


def test_nothing_hangs_on_a_signal():
    assert found(signals) == []


@pytest.mark.parametrize(
    "line",
    [
        "from django.dispatch import receiver",
        "import django.dispatch",
        "from django.db.models.signals import post_save",
        "from django.db.models import signals",
        "from django.core import signals",
    ],
)
def test_a_signal_is_found(line):
    assert list(signals(line)) == [1]


def floats(source: str) -> list[int]:
    """Where a float is made or kept."""
    made = [call.lineno for call in calls(source) if called(call) in ("float", "FloatField", "round")]
    divided = [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _counts(node)
    ]
    return made + divided


def _counts(node: ast.BinOp) -> bool:
    """Whether `/` divides: paths are joined by it too, with text or a variable of that name on one side."""
    sides = (node.left, node.right)
    joins = [
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        or (isinstance(side, ast.BinOp) and isinstance(side.op, ast.Div) and not _counts(side))
        or called(side) in ("Path", "path", "folder", "root", "parent")
        for side in sides
    ]
    return not any(joins)


def test_money_is_never_a_float():
    assert found(floats, only=("orders", "refunds")) == []
    assert floats(modules()["aftersales.money"]) == []


@pytest.mark.parametrize("line", ["float(amount)", "models.FloatField()", "amount / 2", "round(amount)"])
def test_a_float_is_found(line):
    assert floats(line) == [1]


@pytest.mark.parametrize("line", ["amount // 2", "folder / 'x'", "root / name / 'x'", "Path('x') / name"])
def test_what_is_no_float(line):
    assert floats(line) == []


def test_nothing_is_left_for_later():
    # Written in two parts, so that this file does not find itself.
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    tops = ("aftersales", "orders", "refunds", "payments", "templates", "static", "bench", "docs")
    paths = files(".py", ".html", ".css", ".js", ".md", ".txt", tops=tops)
    assert [str(path) for path in paths if later.search((ROOT / path).read_text())] == []
