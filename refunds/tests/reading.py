"""What the tests of pages read off them."""

import re

from django.utils.html import strip_tags


def cells(page: str, title: str) -> list[str]:
    """The words of each cell of the table's row that begins with the title."""
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL) if f">{title}</th>" in row)
    return [" ".join(strip_tags(cell).split()) for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)]


def opened(page: str) -> list[str]:
    """The words of each disclosure that stands open."""
    return re.findall(r"<details[^>]* open>\s*<summary[^>]*>(.*?)</summary>", page)
