"""The articles that a platform starts with. Operators edit them; what is there is never written over."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from django.db.models import Model

from aftersales.help.search import index

FILE: Final = Path(__file__).with_name("articles.toml")


def install_articles(category: type[Model], article: type[Model]) -> None:
    """Create the categories and articles that are missing by their short names; the models, or a migration's pictures
    of them."""
    for place, group in enumerate(tomllib.loads(FILE.read_text(encoding="utf-8"))["category"]):
        articles: list[dict[str, Any]] = group.pop("article")
        home, _new = category._default_manager.get_or_create(
            slug=group.pop("slug"), defaults={**group, "position": place}
        )
        for position, columns in enumerate(articles):
            if not article._default_manager.filter(slug=columns["slug"]).exists():
                row = article(**_stripped(columns), category=home, position=position, published=True)
                index(row)
                row.save()


def _stripped(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in columns.items()}
