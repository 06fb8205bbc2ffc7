"""Write the pages of `docs/` that are generated (`make docs`)."""

from __future__ import annotations

from pathlib import Path

from diptych.capture.refusals import document

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = {"refusals.md": document}


def main() -> None:
    """Write every generated page."""
    DOCS.mkdir(exist_ok=True)
    for name, text in PAGES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
