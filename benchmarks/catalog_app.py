"""The catalog's app: python catalog_app.py <catalog> <folder for the cloud assembly>."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from registry_constructs import Catalog

CONTEXT = json.loads((Path(__file__).parent.parent / "cdk.json").read_text())["context"]


def main() -> None:
    catalog = Catalog.load(sys.argv[1])
    import aws_cdk as cdk  # noqa: PLC0415 - as in an app, which reads its catalog at some point

    from registry_constructs import CatalogStage  # noqa: PLC0415

    app = cdk.App(context=CONTEXT, outdir=sys.argv[2])
    CatalogStage.for_environments(app, catalog)
    app.synth()


if __name__ == "__main__":
    main()
