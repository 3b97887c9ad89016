"""What the database refuses, generated from the tables. Attached in each AppConfig.ready().

Every refusal is a check_violation, so that Django raises IntegrityError as for any other CHECK.
"""

from __future__ import annotations

import pgtrigger
from django.db.models import Model

from aftersales.lifecycle.table import Lifecycle


def refuse(name: str, operation: pgtrigger.Operation, words: str, condition: str | None = None) -> pgtrigger.Trigger:
    """A row trigger that refuses an operation when `condition` (SQL over OLD and NEW) holds. `words` may use RAISE's
    placeholders with their arguments: "'a % b', OLD.x"."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operation,
        condition=pgtrigger.Condition(condition) if condition else None,
        func=f"RAISE EXCEPTION {words} USING ERRCODE = 'check_violation';",
    )


def attach(model: type[Model], *triggers: pgtrigger.Trigger) -> None:
    pgtrigger.register(*triggers)(model)


def guard(life: Lifecycle) -> None:
    """Refuse rows born elsewhere, steps that are not in the table, deleted rows, and events that change or go."""
    born = ", ".join(f"'{state}'" for state in life.born)
    pairs = ", ".join(f"('{source}', '{target}')" for source, target in life.pairs())
    attach(
        life.model,
        refuse("born", pgtrigger.Insert, f"'no {life.name} is born %', NEW.state", f"NEW.state NOT IN ({born})"),
        refuse(
            "table",
            pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]  # the package leaves it untyped
            f"'a {life.name} cannot go from % to %', OLD.state, NEW.state",
            f"OLD.state IS DISTINCT FROM NEW.state AND (OLD.state, NEW.state) NOT IN ({pairs})",
        ),
        refuse("kept", pgtrigger.Delete, f"'a {life.name} is never deleted'"),
    )
    attach(
        life.event,
        refuse("kept", pgtrigger.Delete, f"'history of a {life.name} is never deleted'"),
        refuse(
            "append_only",
            pgtrigger.Update,
            f"'history of a {life.name} is never changed'",
            "NOT (OLD.announced_at IS NULL AND NEW.announced_at IS NOT NULL"
            " AND to_jsonb(OLD.*) - 'announced_at' = to_jsonb(NEW.*) - 'announced_at')",
        ),
    )


def freeze(model: type[Model], *columns: str, once: str = "", name: str = "frozen") -> None:
    """Refuse a change of these columns after the row was written, or once it is as `once` (SQL over OLD) says."""
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    words = f"'{', '.join(columns)} of a {model._meta.model_name} never change'"
    attach(model, refuse(name, pgtrigger.Update, words, f"{once} AND ({changed})" if once else changed))


def only_grows(model: type[Model], *columns: str) -> None:
    """Refuse that a counter of what has happened for good goes down."""
    less = " OR ".join(f"NEW.{column} < OLD.{column}" for column in columns)
    words = f"'{', '.join(columns)} of a {model._meta.model_name} never go down'"
    attach(model, refuse("only_grows", pgtrigger.Update, words, less))


def keep(model: type[Model]) -> None:
    """Refuse every DELETE."""
    attach(model, refuse("kept", pgtrigger.Delete, f"'a {model._meta.model_name} is never deleted'"))


def append_only(model: type[Model]) -> None:
    """Refuse every UPDATE and DELETE."""
    words = f"'a {model._meta.model_name} is never changed or deleted'"
    attach(model, refuse("append_only", pgtrigger.Update | pgtrigger.Delete, words))
