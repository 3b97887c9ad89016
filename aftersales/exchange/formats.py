"""CSV and Excel workbooks, as spreadsheets read them in every language."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from import_export.formats import base_formats

from aftersales.exchange.cells import defused

# What a workbook may unpack to: a small file can hold gigabytes of zeros.
MOST_UNPACKED = 64 * 1024 * 1024


class _Defused:
    def export_data(self, dataset: Any, **kwargs: Any) -> Any:
        """Every cell defused, in place: the table is as big as the file, and is not needed afterwards."""
        for number in range(len(dataset)):
            dataset[number] = [defused(cell) for cell in dataset[number]]
        return super().export_data(dataset, **kwargs)  # type: ignore[misc]  # the format beside it


class Csv(_Defused, base_formats.CSV):  # type: ignore[misc]  # comes without types
    def get_title(self) -> str:
        return "csv"


class Workbook(_Defused, base_formats.XLSX):  # type: ignore[misc]  # comes without types
    def get_title(self) -> str:
        return "xlsx"

    def create_dataset(self, in_stream: bytes) -> Any:
        """Raises ValueError for a file that unpacks to more than a table can be, or is no workbook."""
        try:
            size = sum(part.file_size for part in zipfile.ZipFile(BytesIO(in_stream)).infolist())
        except zipfile.BadZipFile:
            raise ValueError(_("This is not a workbook.")) from None
        if size > MOST_UNPACKED:
            raise ValueError(_("The workbook is too big. Split it, or send CSV."))
        return super().create_dataset(in_stream)


FORMATS = (Csv, Workbook)
