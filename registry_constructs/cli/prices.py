"""`registry-constructs prices`: the table of prices, made anew from AWS's Price List."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from registry_constructs.cli.inputs import Profile, refusing
from registry_constructs.cli.output import print_json
from registry_constructs.ecr.names import check_region
from registry_constructs.live.aws import Aws, check_extra
from registry_constructs.live.price_list import read_price_list


@refusing
def prices(
    *,
    region: Annotated[
        str, typer.Option("--region", metavar="REGION", help="The Region whose prices are wanted.")
    ] = "us-east-1",
    profile: Profile = None,
) -> None:
    """Print ECR's prices of a Region, for `cost --prices` and `lifecycle forecast --prices`.

    Reads AWS's Price List API (pricing:GetProducts), which knows every Region.
    """
    check_region(region)
    check_extra()
    print_json(read_price_list(Aws(profile=profile), region, today=datetime.now(UTC).date()))
