"""What a table of rows is, on its way out and back in; each list of the admin says its columns."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import Widget

from aftersales.exchange.cells import plain
from aftersales.models import User

# Of one import: it is one transaction, and is shown before it is carried out.
MOST_ROWS = 5_000


class Text(Widget):  # type: ignore[misc]  # comes without types
    """A cell as text."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return plain(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(value)


class Moment(Widget):  # type: ignore[misc]  # comes without types
    """A moment as ISO 8601 in UTC."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


class Table(ModelResource):  # type: ignore[misc]  # comes without types
    """A table for one person, whose rows are narrowed to what the person may see before they come here."""

    def __init__(self, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(**kwargs)


class Incoming(Table):
    """A table that is brought back: unknown columns, missing ones and too many rows are refused as a whole."""

    needed: tuple[str, ...] = ()

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Raises ValidationError for what makes the whole file useless."""
        headers = dataset.headers = [plain(header) for header in dataset.headers or ()]
        known = {field.column_name for field in self.fields.values()}
        if missing := [column for column in self.needed if column not in headers]:
            raise ValidationError(_("These columns are missing: %(columns)s.") % {"columns": ", ".join(missing)})
        if unknown := [column or "–" for column in headers if column not in known]:
            raise ValidationError(_("These columns are not known: %(columns)s.") % {"columns": ", ".join(unknown)})
        if len(dataset) > MOST_ROWS:
            raise ValidationError(_("At most %(most)s rows at once. Split the file.") % {"most": MOST_ROWS})

    def get_user_visible_fields(self) -> list[Field]:
        return [self.fields[name] for name in self.get_import_order()]


def column(attribute: str, name: str, *, readonly: bool = False, widget: Widget | None = None) -> Field:
    """A column `name` of what a row's attribute holds; a read-only one goes out and is passed by on its way in."""
    return Field(attribute=attribute, column_name=name, readonly=readonly, widget=widget or Text())
