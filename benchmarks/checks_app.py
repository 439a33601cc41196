"""The app of plain `ecr.Repository` (plain_app.py) with a plugin that judges it at its synth.

python checks_app.py none|RegistryChecks|cdk-nag <workload.json> <folder for the cloud assembly>
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import aws_cdk as cdk
from plain_app import CDK_JSON, RepositoriesStack


def main() -> None:
    plugin, workload, folder = sys.argv[1:]
    app = cdk.App(outdir=folder, context=json.loads(CDK_JSON.read_text("utf-8"))["context"])
    for stack in json.loads(Path(workload).read_text("utf-8"))["stacks"]:
        RepositoriesStack(
            app,
            stack["name"],
            stack["repositories"],
            env=cdk.Environment(account="111122223333", region="eu-west-1"),
        )
    if plugin == "RegistryChecks":
        from registry_constructs import RegistryChecks  # noqa: PLC0415 - only what is measured

        checks = RegistryChecks("recommended", accounts=["222233334444", "333344445555"])
        cdk.Validations.of(app).add_plugins(checks)
    elif plugin == "cdk-nag":
        from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415

        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
