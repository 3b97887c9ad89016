"""How help shows its texts."""

from __future__ import annotations

from django import template

from aftersales.help import text

register = template.Library()
register.filter("rendered", text.rendered)
register.filter("excerpt", text.excerpt)
register.filter("marked", text.marked)
