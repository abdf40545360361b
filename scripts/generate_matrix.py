"""Write docs/matrix.md from the cells of the matrix."""

from typing import Final

from nsis_sim.matrix.report import document
from scripts.generate_refusals import DOCUMENT as _BESIDE

DOCUMENT: Final = _BESIDE.with_name("matrix.md")

if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
