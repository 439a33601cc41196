"""A pushed image arrives in another repository, and in one of another account and Region, on the local AWS.

Its ECR sends no events, so the events that AWS would send are put on the bus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk
import boto3
import pytest
from botocore.exceptions import ClientError

from registry_constructs import Promotion, Repository
from registry_constructs.local import LocalAws, cdk, images, registry
from tests.consumers.network.permitted_calls import assume
from tests.monitoring.sample_events import ACCOUNT, REGION, Event, sample
from tests.waiting import until

OTHER_ACCOUNT, OTHER_REGION = "222233334444", "eu-central-1"
NAME, NEAR, FAR = "development/checkout", "staging/checkout", "production/checkout"
BOTH = images.index(images.image({"app": b"amd64"}), images.image({"app": b"arm64"}, architecture="arm64"))


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With IAM in front of it, and two promotions of one repository."""
    app = aws_cdk.App(outdir=str(tmp_path_factory.mktemp("assembly")))
    here = aws_cdk.Stack(app, "Here", env=aws_cdk.Environment(account=ACCOUNT, region=REGION))
    there = aws_cdk.Stack(app, "There", env=aws_cdk.Environment(account=OTHER_ACCOUNT, region=OTHER_REGION))
    source = Repository(here, "Development", repository_name=NAME, immutable_except=["sha256-*"])
    near = Repository(here, "Staging", repository_name=NEAR)
    far = Repository(there, "Production", repository_name=FAR)
    Promotion(here, "ToStaging", source=source, destination=near, tags=["v*"])
    Promotion(here, "ToProduction", source=source, destination=far, tags=["v*"], role_name="promote-checkout")
    with (
        LocalAws(account=ACCOUNT, region=REGION, auth=True) as local,
        cdk.synthesized(local, app.synth().directory) as assembly,
    ):
        assembly.bootstrap()
        assembly.deploy()
        yield local


def put(aws: LocalAws, artifact: images.Artifact, *, tag: str | None) -> None:
    """Put the event on the bus that AWS would send for a push."""
    event: Event = sample("push", repository_name=NAME, image_digest=artifact.digest, image_tag=tag or "")
    if tag is None:
        del event["detail"]["image-tag"]
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
    }
    assert aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def digests(aws: LocalAws, *, far: bool) -> dict[str, tuple[str, ...]]:
    """The tags of every manifest in a destination."""
    client = aws.client("ecr", account=OTHER_ACCOUNT, region=OTHER_REGION) if far else aws.client("ecr")
    found = client.describe_images(repositoryName=FAR if far else NEAR)["imageDetails"]
    return {image["imageDigest"]: tuple(image.get("imageTags", [])) for image in found}


def pulled(aws: LocalAws, tag: str, *, far: bool) -> images.Artifact:
    if far:
        return registry.pull(aws, FAR, tag=tag, account=OTHER_ACCOUNT, region=OTHER_REGION)
    return registry.pull(aws, NEAR, tag=tag)


def refers_to(artifact: images.Artifact, kind: str) -> images.Artifact:
    """A signature or an SBOM of an artifact, such as `oras attach` makes."""
    subject = {
        "mediaType": artifact.media_type,
        "digest": artifact.digest,
        "size": len(artifact.manifest),
    }
    plain = images.image({kind: b"{}"})
    body = json.loads(plain.manifest) | {"artifactType": f"application/{kind}", "subject": subject}
    return images.Artifact(images.MANIFEST, json.dumps(body).encode(), plain.blobs)


@pytest.mark.parametrize("far", [False, True])
def test_an_index_its_platforms_and_its_signatures_arrive_with_their_digests(
    aws: LocalAws, *, far: bool
) -> None:
    signature, sbom = refers_to(BOTH, "signature"), refers_to(BOTH, "sbom")
    cosigned = f"{BOTH.digest.replace(':', '-')}.sig"
    registry.push(aws, NAME, signature, tag="signature")
    registry.push(aws, NAME, images.image({"signature": b"cosign"}), tag=cosigned)
    registry.push(aws, NAME, BOTH, tag="v1")
    put(aws, BOTH, tag="v1")
    assert until(lambda: digests(aws, far=far).get(BOTH.digest) == ("v1",))
    assert pulled(aws, "v1", far=far) == BOTH
    assert pulled(aws, cosigned, far=far) == images.image({"signature": b"cosign"})
    expected = {BOTH.digest, signature.digest, *(d for d in BOTH.blobs if b'"mediaType"' in BOTH.blobs[d])}
    assert expected <= digests(aws, far=far).keys()
    registry.push(aws, NAME, sbom, tag="sbom")
    put(aws, sbom, tag=None)
    assert until(lambda: sbom.digest in digests(aws, far=far))
    put(aws, BOTH, tag="v1")
    put(aws, BOTH, tag="latest")
    last = images.image({"app": b"near" if not far else b"far"})
    registry.push(aws, NAME, last, tag=f"v2-{far}")
    put(aws, last, tag=f"v2-{far}")
    assert until(lambda: last.digest in digests(aws, far=far))
    assert "latest" not in {tag for tags in digests(aws, far=far).values() for tag in tags}
    assert digests(aws, far=far)[BOTH.digest] == ("v1",)


def test_by_hand_and_what_is_refused(aws: LocalAws) -> None:
    client = aws.client("lambda")
    names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
    [function] = [name for name in names if "ToStagingFunction" in name]
    later = images.image({"app": b"later"})
    registry.push(aws, NAME, later, tag="hotfix")
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"tag": "hotfix"}))
    assert later.digest in json.loads(answer["Payload"].read())["result"]
    assert pulled(aws, "hotfix", far=False) == later
    registry.push(aws, NEAR, images.image({"app": b"another"}), tag="v2")
    registry.push(aws, NAME, later, tag="v2")
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"tag": "v2"}))
    assert "does not let it be moved" in json.loads(answer["Payload"].read())["errorMessage"]


def test_the_other_account_lets_in_this_role_and_no_other(aws: LocalAws) -> None:
    """With the rights of the function's role, and of one whose own account allows it as much."""
    iam = aws.client("iam")
    policy = iam.get_role_policy(RoleName="promote-checkout", PolicyName="Copy")["PolicyDocument"]
    trust = iam.get_role(RoleName="promote-checkout")["Role"]["AssumeRolePolicyDocument"]
    iam.create_role(RoleName="another", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="another", PolicyName="Copy", PolicyDocument=json.dumps(policy))

    def begin_a_push(role: str) -> str:
        credentials = assume(aws, f"arn:aws:iam::{ACCOUNT}:role/{role}")
        client: Any = boto3.client(
            "ecr",
            region_name=OTHER_REGION,
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
        begun = client.initiate_layer_upload(registryId=OTHER_ACCOUNT, repositoryName=FAR)
        return str(begun["uploadId"])

    assert begin_a_push("promote-checkout")
    with pytest.raises(ClientError, match="AccessDenied"):
        begin_a_push("another")
