"""The images of Lambda functions, published versions included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_constructs.live.aws import Aws, pages, required
from registry_constructs.live.errors import AwsError, reading, unreadable
from registry_constructs.live.findings import Findings

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient


def read_functions(aws: Aws, region: str, findings: Findings) -> None:
    """Look at all functions of a Region that are made of images.

    Lambda keeps a copy of an image, but fetches it again for a function that was idle for weeks, so every
    published version counts.

    Raises:
        AwsError: The credentials are not valid any more.
    """
    client = aws.client("lambda", region)
    place = f"lambda functions in {region}"
    names: list[str] = []
    with findings.trying(place):
        names = [
            function["FunctionName"]
            for function in pages(
                client, "list_functions", "Functions", where=place, identity=("FunctionName",)
            )
            if function["PackageType"] == "Image"
        ]

    def images(name: str) -> list[tuple[str, str, str]] | AwsError:
        try:
            return _images(client, name, region)
        except AwsError as error:
            return error

    for name, found in zip(names, aws.each(images, names), strict=True):
        with findings.trying(f"lambda function {name} in {region}"):
            if isinstance(found, AwsError):
                raise found
            for image, digest, where in found:
                findings.add(image, where, digest=digest)


def _images(client: LambdaClient, name: str, region: str) -> list[tuple[str, str, str]]:
    """Of each version the reference, its digest and the location."""
    found = []
    place = f"lambda function {name} in {region}"
    versions = pages(
        client, "list_versions_by_function", "Versions", where=place, identity=("Version",), FunctionName=name
    )
    if not versions:
        # Every function has at least $LATEST.
        raise unreadable(place, "an answer without any version")
    for version in sorted(version["Version"] for version in versions):
        with reading(place):
            answer: Any = client.get_function(FunctionName=name, Qualifier=version)
        code = required(answer, "Code", place)
        image = required(code, "ImageUri", place)
        _, _, digest = code.get("ResolvedImageUri", "").partition("@")
        where = place if version == "$LATEST" else f"lambda function {name}:{version} in {region}"
        found.append((image, digest, where))
    return found
