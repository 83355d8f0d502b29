"""Room telephony/asterisk: the package's documentation, without what nobody reads at a start.

Modules check their settings against it and refuse them where it is missing, so it must be there.
But Asterisk also sets every description of every application in type, each time it starts: two
thirds of the half second of processor time that a start takes. Those stay in the package.
"""

import os
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

from telephony.asterisk.node import NodeFolder

OF_THE_PACKAGE = "/usr/share/asterisk/documentation/core-en_US.xml"
# What settings are checked against.
SETTINGS = "configInfo"
# Without these of the others a warning is logged for each.
KEPT = frozenset({"since", "synopsis"})


def install_documentation(folder: NodeFolder, place: Path) -> None:
    """Lay it where Asterisk looks for it, below its data folder."""
    if place.is_symlink():  # of a version that used the package's own
        place.unlink()
    place.mkdir(exist_ok=True, mode=0o700)
    target = place / Path(OF_THE_PACKAGE).name
    content = shortened(folder.program.file(OF_THE_PACKAGE))
    if not target.exists() or target.read_bytes() != content:
        target.write_bytes(content)
    for path in (place, target):
        os.chown(path, *folder.program.user)


@cache
def shortened(source: Path) -> bytes:
    """The file with all of its settings, and of everything else only what it is."""
    root = ET.fromstring(source.read_bytes())  # noqa: S314 - of the package we run
    for entry in root:
        if entry.tag != SETTINGS:
            for part in [part for part in entry if part.tag not in KEPT]:
                entry.remove(part)
    short: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return short
