"""What the tests of pages send: a filled application, photos, and what a test compares before and after."""

import io
import re
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from aftersales.testing import counters
from orders.models import Leg
from refunds.models import Evidence, Payout, Ticket, TicketEvent, TicketLine


def filled(order: Any, units: Any, shipped: bool = True, **more: Any) -> dict[str, Any]:
    """The fields of an application as a browser sends them."""
    fields: dict[str, Any] = {f"units_{line.pk}": "" for line in order.lines.all()}
    fields |= {f"amount_{line.pk}": "" for line in order.lines.all()}
    fields |= {f"units_{key}": str(number) for key, number in units.items()}
    fields |= {"kind": "refund_only", "reason": "changed_mind", "description": "", "freight": ""}
    return fields | {"goods": "arrived" if shipped else "not_shipped", "currency": "CNY", "token": str(uuid4())} | more


def offered(response: Any, name: str) -> list[str]:
    """The choices of a question, in the page's order; [] while it is not asked."""
    return re.findall(rf'type="radio" name="{name}" id="[^"]+" value="(\w+)"', response.content.decode())


def photo(form: str = "JPEG", name: str = "photo.jpg", **save: Any) -> SimpleUploadedFile:
    """A small photo, in any format that Pillow writes."""
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, form, **save)
    return SimpleUploadedFile(name, out.getvalue())


def world(order: Any) -> list[Any]:
    """Everything that filing, amending and moving write, to compare before and after."""
    tickets = list(Ticket.objects.order_by("pk").values())
    rows = [list(model.objects.order_by("pk").values()) for model in (TicketLine, Payout, Evidence)]
    return [counters(order), tickets, rows, TicketEvent.objects.count(), order.events.count(), Leg.objects.count()]


def codes(response: Any) -> dict[str, list[str]]:
    """{field: codes} of the errors that the page shows."""
    data = response.context["form"].errors.as_data()
    return {field: [error.code for error in errors] for field, errors in data.items()}
