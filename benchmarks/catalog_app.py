"""The catalog's app: python catalog_app.py <catalog> <folder for the cloud assembly>."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import aws_cdk as cdk

from registry_constructs import CatalogStage

CONTEXT = json.loads((Path(__file__).parent.parent / "cdk.json").read_text())["context"]


def main() -> None:
    catalog, folder = sys.argv[1:]
    app = cdk.App(context=CONTEXT, outdir=folder)
    CatalogStage.for_environments(app, catalog)
    app.synth()


if __name__ == "__main__":
    main()
