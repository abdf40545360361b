"""Copy what we use of the design system `dkfds` into saml_web/static/dkfds, with a SHA-256 manifest.

Run it only to change the version: edit scripts/vendor_dkfds/package.json, renew the lock there with `npm install
--package-lock-only`, run this, and look at the pages. npm checks the package against the lock's integrity value.
Neither building nor running needs Node.

Left out on purpose: the Borger.dk and Virk themes and logos, the placeholder logos, the scripts, the old font
formats, unused icons.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parent / "vendor_dkfds"
STATIC = Path(__file__).parent.parent / "saml_web" / "static"
FONT = "IBMPlexSans"
LICENCES = {"LICENSE.md": "LICENSE.txt", f"dist/fonts/{FONT}/complete/woff2/license.txt": f"fonts/{FONT}/OFL.txt"}
SPRITE = "img/all-svg-icons.svg"

_FONT_SOURCES = re.compile(rf"src:[^;}}]*?url\(\.\./fonts/{FONT}/complete/woff2/({FONT}-[A-Za-z]+\.woff2)\)[^;}}]*")
_UNUSED_FACE = re.compile(rf"@font-face\{{[^}}]*{FONT}-(?:Medium|SemiBold|Bold)Italic\.woff2[^}}]*\}}")
_ICON_CLASS = re.compile(r"\.icon-[a-z-]+:not\(a\)\{background-image:url\([^)]*\)\}")
_PLACEHOLDER_LOGO = re.compile(r"url\(\.\./img/logo-[a-z-]*\.png\)")
_SOURCE_MAP = re.compile(r"/\*# sourceMappingURL=[^*]*\*/")
_URL = re.compile(r"url\(\.\./([^)]*)\)")


def fetch(into: Path) -> Path:
    """Install the locked package below `into`; npm refuses one whose hash differs from the lock's."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(LOCK / name, into / name)
    subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=into, check=True, stdout=subprocess.DEVNULL)
    return into / "node_modules" / "dkfds"


def prune(stylesheet: str) -> str:
    """Give the stylesheet with one font format, without logos and without the icon classes we replace by the sprite."""
    stylesheet = _FONT_SOURCES.sub(rf'src:url(../fonts/{FONT}/\1) format("woff2")', stylesheet)
    stylesheet = _UNUSED_FACE.sub("", stylesheet)
    stylesheet = _ICON_CLASS.sub("", stylesheet)
    stylesheet = _PLACEHOLDER_LOGO.sub("none", stylesheet)
    return _SOURCE_MAP.sub("", stylesheet).rstrip() + "\n"


def source_of(package: Path, name: str) -> Path:
    """Give the file in the package that the pruned stylesheet calls `name`."""
    if name.startswith("fonts/"):
        return package / "dist" / "fonts" / FONT / "complete" / "woff2" / Path(name).name
    return package / "dist" / name


def copy(package: Path, target: Path) -> None:
    """Fill `target` with the pruned stylesheet, every file it names, the icon sprite and the licences."""
    stylesheet = prune((package / "dist" / "css" / "dkfds.min.css").read_text("utf-8"))
    (target / "css").mkdir(parents=True)
    (target / "css" / "dkfds.min.css").write_text(stylesheet, "utf-8")
    for name in sorted({*_URL.findall(stylesheet), SPRITE}):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source_of(package, name), target / name)
    for name, licence in LICENCES.items():
        shutil.copyfile(package / name, target / licence)
    # The icons are under Apache-2.0, whose text the package only links to.
    shutil.copyfile(LOCK / "Apache-2.0.txt", target / "img" / "Apache-2.0.txt")


def write_manifest(target: Path) -> None:
    """Write the hash of every file, in the form that `sha256sum --check` reads."""
    files = sorted(path for path in target.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(target).as_posix()}\n" for path in files
    ]
    (target / "manifest.sha256").write_text("".join(lines), "utf-8")


def main() -> int:
    """Replace saml_web/static/dkfds by what the lock says."""
    target = STATIC / "dkfds"
    with tempfile.TemporaryDirectory() as scratch:
        package = fetch(Path(scratch))
        if target.exists():
            shutil.rmtree(target)
        copy(package, target)
    write_manifest(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
