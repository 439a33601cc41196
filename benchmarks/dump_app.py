"""The same templates written with json.dumps: python dump_app.py <cloud assembly> <folder>."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    assembly, folder = map(Path, sys.argv[1:])
    for file in assembly.rglob("*.template.json"):
        (folder / file.name).write_text(json.dumps(json.loads(file.read_text())))


if __name__ == "__main__":
    main()
