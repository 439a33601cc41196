"""A pytest fixture that is an AWS of your own: `local_aws`, started when a test first asks for it.

    def test_images_are_immutable(local_aws):
        local_aws.deploy("cdk.out")  # or a folder with a cdk.json
        ecr = local_aws.client("ecr")
        (repository,) = ecr.describe_repositories(repositoryNames=["apps/web"])["repositories"]
        assert repository["imageTagMutability"] == "IMMUTABLE"

It lasts for the session; with pytest-xdist every worker that asks has one of its own. Its log stays when a
test failed, and a warning in pytest's summary names it.

pytest loads this module in every project that has this library installed, so it imports only pytest.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from registry_constructs.local.server import LocalAws


@pytest.fixture(scope="session")
def local_aws(request: pytest.FixtureRequest) -> Iterator[LocalAws]:
    """An emulated AWS on 127.0.0.1, for the whole session."""
    from registry_constructs.local.server import LocalAws  # noqa: PLC0415 - see the module's docstring

    aws = LocalAws().start()
    try:
        yield aws
    finally:
        log = aws.stop(keep_log=request.session.testsfailed > 0)
        if log:
            warnings.warn(f"The log of the local AWS: {log}", stacklevel=1)
