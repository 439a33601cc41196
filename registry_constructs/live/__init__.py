"""Reading live registries, with boto3: what lies in them, what of it runs, and what ECR says a policy does.

Nothing here changes anything in AWS, and nothing here needs the CDK. Needs the extra `cli`.

    from registry_constructs.live import Aws, InUse, take_inventory

    take_inventory(Aws(), "inventory.jsonl", regions=["eu-west-1"], in_use=InUse())
"""

from __future__ import annotations

from registry_constructs.live.aws import Aws
from registry_constructs.live.eks import PodsFile
from registry_constructs.live.errors import AwsError
from registry_constructs.live.in_use import InUse
from registry_constructs.live.inventory import IncompleteInventoryError, Taken, take_inventory

__all__ = [
    "Aws",
    "AwsError",
    "InUse",
    "IncompleteInventoryError",
    "PodsFile",
    "Taken",
    "take_inventory",
]
