"""Imports run one way: between the floors of the project, and inside an app from its shells to its states."""

import ast
from collections.abc import Iterator

import pytest

from aftersales.tests.source import modules

GROUND, PAYMENTS, ORDERS, REFUNDS, ROOF = range(5)
FLOORS = {"payments": PAYMENTS, "orders": ORDERS, "refunds": REFUNDS}
GROUND_FLOOR = (
    "models", "actors", "masks", "keys", "counts", "money", "numbers", "readers", "wake", "skin", "changes",
    "lifecycle", "jobs", "exchange", "templatetags",
)  # fmt: skip

# Inside orders and refunds: a module knows those of a smaller rank, and its own rank where several share a trade.
RANKS = {
    "states": 0,
    "errors": 0,
    "defaults": 0,
    "models": 1,
    "migrations": 2,
    "ledger": 2,
    "clocks": 2,
    "photos": 2,
    "rules": 3,
    "effects": 3,
    "lifecycle": 4,
    "guards": 5,
    "actions": 6,
    "staffing": 6,
    "stocking": 6,
    "money": 6,
    "workers": 6,
    "told": 6,
    "notices": 6,
}
RULES, VERBS, SHELLS = 3, 6, 7
SHELL_NAMES = {"views", "forms", "admin", "tasks", "urls", "filters", "templatetags", "management"}


def floor(name: str) -> int:
    app, _, rest = name.partition(".")
    if app == "aftersales":
        return GROUND if rest.split(".")[0] in GROUND_FLOOR or not rest else ROOF
    return FLOORS[app]


def rank(name: str) -> int:
    """The rank in an app. What has no rank of its own is a shell: nothing with one may lean on it."""
    parts = name.split(".")
    if SHELL_NAMES.intersection(parts):
        return SHELLS
    if floor(name) in (GROUND, PAYMENTS):
        return 0
    return RANKS.get(parts[1], SHELLS) if len(parts) > 1 else 0


def imported(name: str, source: str, known: set[str]) -> Iterator[str]:
    """The modules that a module imports, anywhere in it, relative imports made absolute."""
    is_package = any(other.startswith(f"{name}.") for other in known)
    package = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                # `from orders import effects` is an import of orders.effects.
                yield f"{origin}.{alias.name}" if f"{origin}.{alias.name}" in known else origin


def wrong(name: str, source: str, known: set[str]) -> list[str]:
    """The imports of a module that run against the direction, as sentences."""
    app = name.split(".")[0]
    if name == "aftersales":
        # Celery asks that the project's package hands out its application.
        return []
    found = []
    for target in sorted(set(imported(name, source, known))):
        other = target.split(".")[0]
        if name.startswith("payments.sandbox_channel"):
            # The channel stands for somebody else's system: it shares no line with ours.
            bad = other in ("aftersales", "orders", "refunds", "django", "celery") or (
                other == "payments" and not target.startswith("payments.sandbox_channel")
            )
        elif other not in (*FLOORS, "aftersales") or floor(name) == ROOF:
            bad = False
        elif floor(target) > floor(name):
            bad = True
        else:
            bad = not _in_order(name, target, same_app=app == other)
        if bad:
            found.append(f"{name} imports {target}")
    return found


def _in_order(name: str, target: str, *, same_app: bool) -> bool:
    mine, other = rank(name), rank(target)
    if mine == SHELLS or other != mine:
        return other <= mine
    # Of one rank: one module or package, the verbs among each other, or another app's trade of the same name.
    return not same_app or mine in (0, VERBS) or name.split(".")[1] == target.split(".")[1]


def test_every_import_runs_down():
    sources = modules()
    known = set(sources)
    assert [line for name, source in sources.items() for line in wrong(name, source, known)] == []


KNOWN = {
    "aftersales.health",
    "aftersales.help.models",
    "aftersales.lifecycle.admin",
    "orders.actions",
    "orders.effects",
    "orders.forms",
    "orders.lifecycle",
    "orders.models",
    "orders.models.order",
    "orders.rules",
    "orders.states",
    "orders.tasks",
    "orders.views",
    "payments.base",
    "payments.sandbox",
    "refunds.actions",
    "refunds.models",
}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("aftersales.money", "import orders.models"),
        ("aftersales.lifecycle.move", "from orders.models import Order"),
        ("aftersales.wake", "from aftersales import health"),
        ("aftersales.templatetags.money_tags", "from payments.base import Channel"),
        ("payments.base", "from orders.models import Order"),
        ("payments.base", "from aftersales.settings import CHANNELS"),
        ("orders.actions", "from refunds import actions"),
        ("orders.views", "from refunds.models import Ticket"),
        ("orders.views", "from aftersales.health import check"),
        ("refunds.views", "from aftersales.help.models import Article"),
        ("orders.models.order", "from orders.rules import price"),
        ("orders.models.order", "def later():\n    from orders.lifecycle import ORDER"),
        ("orders.models.order", "from ..actions import place"),
        ("orders.states", "from orders.models import Order"),
        ("orders.rules", "from orders import lifecycle"),
        ("orders.rules", "from orders.effects import change_stock"),
        ("orders.effects", "from orders import actions"),
        ("orders.lifecycle", "from orders.actions import place"),
        ("orders.actions", "from orders.views import page"),
        ("orders.actions", "from orders import tasks"),
        ("orders.rules", "from orders.forms import Form"),
        ("orders.models.order", "from aftersales.lifecycle.admin import LifecycleAdmin"),
        ("orders.migrations.0009_data", "from orders.actions import place"),
        ("refunds.effects", "from orders.actions import place"),
        ("refunds.rules", "from refunds.unheard_of import x"),
        ("payments.sandbox_channel.books", "import django"),
        ("payments.sandbox_channel.books", "from payments.base import Channel"),
        ("payments.sandbox_channel.books", "from aftersales.money import shown"),
    ],
)
def test_a_wrong_import_is_found(name, line):
    assert len(wrong(name, f"import os\n{line}\n", KNOWN)) == 1


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("orders.models.order", "from aftersales.lifecycle.rows import Row"),
        ("orders.models.order", "from orders.models.catalog import Shop"),
        ("orders.models.order", "from orders.states import OrderState"),
        ("orders.lifecycle", "from orders import effects"),
        ("orders.migrations.0001_initial", "import orders.models.order"),
        ("orders.migrations.0002_data", "from orders.defaults import install_policies"),
        ("aftersales", "from aftersales.celery import app"),
        ("refunds.effects", "from orders.effects import change_stock"),
        ("refunds.rules", "from orders.rules import refundable"),
        ("refunds.money", "from orders.actions import receive_money"),
        ("refunds.workers", "from payments.base import Channel"),
        ("refunds.views", "from orders.views.pages import reader"),
        ("aftersales.health", "from refunds.models import Payout"),
        ("aftersales.help.actions", "from refunds.notices import SEND"),
        ("aftersales.urls", "from orders import views"),
    ],
)
def test_a_right_import_is_let_through(name, line):
    assert wrong(name, line, KNOWN) == []
