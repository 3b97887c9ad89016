"""Compile locale/*.po to the .mo that Django reads, without gettext's own programs; `--check` only compares."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from aftersales import env


def compiled(source: Path) -> bytes:
    with source.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    # Babel puts the present time where the file names none: the same texts have to give the same bytes.
    catalog.creation_date = catalog.revision_date = datetime(1970, 1, 1, tzinfo=UTC)
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def main(*, check: bool) -> list[str]:
    """Compile what is not current. The files concerned; with check nothing is written."""
    stale = [path for path in sorted(env.ROOT.glob("locale/*/LC_MESSAGES/*.po")) if not _is_current(path)]
    for source in stale:
        if not check:
            source.with_suffix(".mo").write_bytes(compiled(source))
    return [str(path.relative_to(env.ROOT)) for path in stale]


def _is_current(source: Path) -> bool:
    target = source.with_suffix(".mo")
    return target.is_file() and target.read_bytes() == compiled(source)


if __name__ == "__main__":
    stale = main(check="--check" in sys.argv)
    if stale and "--check" in sys.argv:
        sys.exit(f"Not compiled since they changed: {', '.join(stale)}. Run `make translations`.")
