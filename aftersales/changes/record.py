"""Writing down what a person changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db.models import GeneratedField, Model

from aftersales import masks
from aftersales.changes.models import Act, Change
from aftersales.models import User

Snapshot = dict[str, Any]
# Never written down, and what the database or a login changes by itself.
_PASSED_BY = {"password", "rights_version", "last_login"}


def snapshot(row: Model, parts: Iterable[tuple[str, Iterable[Model]]] = ()) -> Snapshot:
    """A saved row as it is written down, relations by their names; `parts` are rows that belong to it, each under its
    name."""
    told = {field.name: _told(row, field) for field in row._meta.concrete_fields if _tells(field)}
    told |= {field.name: [str(one) for one in getattr(row, field.name).all()] for field in row._meta.many_to_many}
    for name, rows in parts:
        for part in rows:
            told |= {f"{name} · {part} · {key}": value for key, value in snapshot(part).items() if key != "id"}
    return told


def _tells(field: Any) -> bool:
    return not (isinstance(field, GeneratedField | SearchVectorField) or field.name in _PASSED_BY)


def _told(row: Model, field: Any) -> Any:
    if field.is_relation:
        related = getattr(row, field.name)
        return None if related is None else str(related)
    value = field.value_from_object(row)
    return field.value_to_string(row) if field.get_internal_type() in {"FileField", "DurationField"} else value


def record(
    person: User, act: Act, row: Model, before: Snapshot | None = None, after: Snapshot | None = None, reason: str = ""
) -> Change | None:
    """Write down one change, with the fields that differ; None where nothing does and nothing else was done."""
    change = _change(person, act, row, before or {}, after or {}, reason)
    if act == Act.CHANGED and not (change.before or change.after or reason):
        return None
    change.save(force_insert=True)
    return change


def record_each(
    person: User, act: Act, changed: Iterable[tuple[Model, Snapshot, Snapshot]], reason: str = ""
) -> list[Change]:
    """Write down what was done to each of these rows, with its before and after, in one statement. Their shops have to
    be read with them."""
    return Change.objects.bulk_create(_change(person, act, *each, reason) for each in changed)


def _change(person: User, act: Act, row: Model, before: Snapshot, after: Snapshot, reason: str = "") -> Change:
    """Not written yet, with the fields that differ."""
    differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    key = row.pk if isinstance(row.pk, int) else None
    return Change(
        person=person,
        shop=shop_of(row),
        act=act,
        kind=row._meta.label_lower,
        key=key,
        name=_called(row)[:200],
        before={name: _masked(row, name, before[name]) for name in differ if name in before},
        after={name: _masked(row, name, after[name]) for name in differ if name in after},
        reason=reason[:500],
    )


def record_list(person: User, act: Act, model: type[Model], after: Snapshot | None = None, reason: str = "") -> Change:
    """Write down what was done with many rows of a list at once; `reason` says which."""
    kind, name = model._meta.label_lower, str(model._meta.verbose_name_plural)
    return Change.objects.create(person=person, act=act, kind=kind, name=name, after=after or {}, reason=reason[:500])


def _called(row: Model) -> str:
    return masks.called(row) if isinstance(row, User) else str(row)


def _masked(row: Model, name: str, value: Any) -> Any:
    """Who buyers are is not kept here for good."""
    if not isinstance(row, User) or row.is_staff or not value:
        return value
    if name == "email":
        return masks.email(value)
    return masks.text(value) if name == "name" else value


def shop_of(row: Any) -> Any:
    """The shop that a row belongs to, itself if it is one."""
    if row._meta.label_lower == "orders.shop":
        return row
    shop = getattr(row, "shop", None) or getattr(getattr(row, "order", None), "shop", None)
    return shop if isinstance(shop, Model) else None
