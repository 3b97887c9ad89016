"""How tests get their database, and leave it (a pytest plugin).

Migrating takes longer than most files of tests. So one database is migrated for as long as the code stays as it is,
and every process of tests copies it. After a test with real commits the rows are deleted where there are any, instead
of emptying a hundred tables and writing again what Django keeps about models.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest
from django.apps import apps
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases
from pytest_django.plugin import DjangoDbBlocker, blocking_manager_key

from aftersales.env import ROOT

PREFIX = "template_for_tests_"
# Any number that nobody else locks.
LOCK = 7_340_033
# What migrations and their signals wrote about the models themselves.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is long begins first, before all that pytest-django has sorted: every test finds what migrations wrote."""
    items.sort(key=lambda item: "long" not in item.keywords)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test with real commits deletes what migrations wrote, and a long one leaves dead rows that every scan meets:
    the next one needs the former, and not the latter."""
    yield
    if nextitem is None:
        # The test's database is gone with the last test: what is connected to now is the shop's own.
        return
    with item.config.stash[blocking_manager_key].unblock():
        if _commits(item):
            install_standing()
        elif "long" in item.keywords:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM")


def _commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in getattr(item, "fixturenames", ())


def install_standing() -> None:
    """What migrations wrote, where it has been deleted."""
    from orders.defaults import install_bounds, install_goods_rules, install_policies
    from orders.models import GoodsRule, Policy, PolicyBound
    from refunds.defaults import install_reasons
    from refunds.models import Reason

    if not Policy.objects.exists():
        install_policies(Policy)
        install_bounds(PolicyBound)
        install_goods_rules(GoodsRule)
        install_reasons(Reason)


@pytest.fixture(scope="session", autouse=True)
def _rows_are_deleted() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: delete_rows())
        yield


def delete_rows() -> None:
    """Delete every row of every model. As a replica, since foreign keys would ask for an order, and events refuse."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    ask = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in sorted(tables - KEPT))  # noqa: S608  our own models' tables
    with connection.cursor() as cursor:
        cursor.execute(ask)
        filled = [name for (name,) in cursor.fetchall()]
        deletes = "".join(f"DELETE FROM {name};" for name in filled)  # noqa: S608
        cursor.execute(f"SET session_replication_role = replica; {deletes} SET session_replication_role = origin")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Each process copies the migrated database."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = template()


def template() -> str:
    """The name of a database migrated by the code as it is now; the first process makes it, and drops older ones."""
    name = PREFIX + _digest()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        found = {row[0] for row in cursor.fetchall()}
        if name not in found:
            for old in found:
                cursor.execute(f'DROP DATABASE IF EXISTS "{old}"')
            # Under another name until it is whole: whoever is killed meanwhile leaves no half of one.
            _migrate(f"{PREFIX}new")
            cursor.execute(f'ALTER DATABASE "{PREFIX}new" RENAME TO "{name}"')
    return name


def _digest() -> str:
    """Of every line that may have a part in what a migrated database contains."""
    seen = sha256()
    for path in sorted(
        path
        for folder in ("aftersales", "orders", "refunds")
        for path in (ROOT / folder).rglob("*.py")
        if "tests" not in path.parts
    ):
        seen.update(path.read_bytes())
    seen.update((ROOT / "requirements.txt").read_bytes())
    return seen.hexdigest()[:16]


def _migrate(name: str) -> None:
    usual = connection.settings_dict["TEST"]["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    try:
        made = setup_databases(0, interactive=False, aliases={"default": None}, serialized_aliases=set())
        teardown_databases(made, verbosity=0, keepdb=True)
    finally:
        connection.settings_dict["TEST"]["NAME"] = usual
