"""The function behind `Promotion`, as plain Python, between two registries that speak HTTP."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.delivery.promotion.handler import index, registry
from registry_constructs.delivery.promotion.handler.copying import Copy, CopyError, OutOfTimeError
from registry_constructs.delivery.promotion.handler.manifest import DIGEST, MalformedError, Manifest
from registry_constructs.local import images
from registry_constructs.local.images import INDEX, MANIFEST, Artifact
from tests.delivery.promotion.oci_registry import TOKEN, Fault, Kept, Registries, digest_of, serving
from tests.monitoring.sample_events import SAMPLES, Event, sample

pytestmark = pytest.mark.deploy


NAME = "shop/checkout"
HERE, THERE = "111122223333.dkr.ecr.eu-west-1.example", "222233334444.dkr.ecr.eu-west-1.example"
AMD = images.image({"app": b"amd64"})
ARM = images.image({"app": b"arm64"}, architecture="arm64")
BOTH = images.index(AMD, ARM)
OTHER = images.image({"app": b"other"})


class Between:
    """Two repositories, and copies between them."""

    def __init__(self, registries: Registries, there: str = THERE, name: str = NAME) -> None:
        self.registries = registries
        self.there = registry.RemoteRepository(host=there, name=name, token=TOKEN, address=registries.url)
        self.here = registry.RemoteRepository(host=HERE, name=NAME, token=TOKEN, address=registries.url)
        self.source, self.destination = registries.repository(HERE, NAME), registries.repository(there, name)
        self.destination.immutable = True

    def copy(self, seconds: float = 900) -> Copy:
        return Copy(self.here, self.there, lambda: seconds)

    def promote(self, event: Any) -> str:
        return index.promote(event, self.copy())

    def has(self, artifact: Artifact) -> bool:
        """Whether the destination has an artifact with all its parts, byte for byte."""
        parts = {digest: blob for digest, (_, blob) in self.destination.manifests.items()}
        parts |= self.destination.blobs
        return {artifact.digest: artifact.manifest, **artifact.blobs}.items() <= parts.items()


@pytest.fixture(autouse=True)
def _fast_and_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry_constructs.delivery.promotion.handler.registry.time.sleep", lambda _: None)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def between() -> Iterator[Between]:
    with serving() as registries:
        yield Between(registries)


def keep(kept: Kept, artifact: Artifact, *tags: str) -> str:
    """Put an artifact into a repository, without a request."""
    for digest, content in artifact.blobs.items():
        try:
            media_type = json.loads(content)["mediaType"]
        except (ValueError, KeyError):
            kept.blobs[digest] = content
        else:
            kept.manifests[digest] = (media_type, content)
    kept.manifests[artifact.digest] = (artifact.media_type, artifact.manifest)
    kept.tags |= dict.fromkeys(tags, artifact.digest)
    return artifact.digest


def manifest(*, subject: str | None = None, media_type: str = MANIFEST, **more: Any) -> Artifact:
    """A manifest of nothing but the empty configuration, which refers to another."""
    body: dict[str, Any] = {"schemaVersion": 2, "mediaType": media_type}
    if media_type == MANIFEST:
        body |= {"config": {"digest": digest_of(b"{}"), "size": 2}, "layers": []}
    if subject is not None:
        body["subject"] = {"mediaType": MANIFEST, "digest": subject, "size": 1}
    return Artifact(media_type, json.dumps(body | more).encode(), {digest_of(b"{}"): b"{}"})


def pushed(artifact: Artifact, tag: str | None = None) -> Event:
    event = sample("push", repository_name=NAME, image_digest=artifact.digest, image_tag=tag or "")
    if tag is None:
        del event["detail"]["image-tag"]
    return event


def attached(digest: str, suffix: str = "") -> str:
    return digest.replace(":", "-") + suffix


# What is copied -----------------------------------------------------------------------------------------


def test_an_index_with_its_platforms_arrives_byte_for_byte_and_its_tag_comes_last(between: Between) -> None:
    keep(between.source, BOTH, "v1")
    actual = between.promote(pushed(BOTH, "v1"))
    assert actual == f"{between.there} has v1, {BOTH.digest}"
    assert between.has(BOTH)
    assert between.destination.tags == {"v1": BOTH.digest}
    puts = [
        line.rpartition("/")[2] for line in between.registries.requests if "PUT" in line and "man" in line
    ]
    assert puts == [AMD.digest, ARM.digest, BOTH.digest, "v1"]


def test_an_index_in_an_index_and_a_docker_image_arrive(between: Between) -> None:
    docker = manifest(media_type="application/vnd.docker.distribution.manifest.v2+json")
    nested = manifest(media_type=INDEX, manifests=[{"digest": BOTH.digest}, {"digest": docker.digest}])
    for artifact in (BOTH, docker):
        keep(between.source, artifact)
    keep(between.source, nested, "v1")
    between.promote(pushed(nested, "v1"))
    assert between.has(BOTH)
    assert between.destination.manifests == between.source.manifests


@pytest.mark.parametrize("with_api", [True, False])
def test_referrers_come_with_their_own_referrers_on_every_page(between: Between, *, with_api: bool) -> None:
    between.registries.with_referrers = with_api
    keep(between.source, BOTH, "v1")
    found = [manifest(subject=BOTH.digest, artifactType=f"test/{number}") for number in range(5)]
    found += [manifest(subject=AMD.digest), manifest(subject=found[0].digest)]
    for one in found:
        keep(between.source, one)
    listing = manifest(media_type=INDEX, manifests=[{"digest": one.digest} for one in found])
    keep(between.source, listing, attached(BOTH.digest))
    signature = manifest(annotations={"signature": "of cosign"})
    keep(between.source, signature, attached(AMD.digest, ".sig"))
    between.promote(pushed(BOTH, "v1"))
    assert between.destination.manifests == between.source.manifests
    assert between.destination.tags == between.source.tags
    assert between.registries.requests[-2].startswith(f"PUT /v2/{NAME}/manifests/v1")


def test_a_signature_that_comes_later_follows_its_image(between: Between) -> None:
    keep(between.source, BOTH, "v1")
    late, of_other = manifest(subject=BOTH.digest), manifest(subject=OTHER.digest)
    keep(between.source, late)
    assert "Nothing done" in between.promote(pushed(late))  # its image has not been promoted
    assert between.destination.manifests == {}
    del between.source.manifests[late.digest]
    between.promote(pushed(BOTH, "v1"))
    for one in (late, of_other):
        keep(between.source, one)
    cosigned = keep(between.source, manifest(annotations={"a": "b"}), attached(BOTH.digest, ".sig"))
    assert between.promote(pushed(late)) == f"{between.there} has {late.digest}, which is about {BOTH.digest}"
    assert "Nothing done" in between.promote(pushed(of_other))
    assert "refers to no image" in between.promote(pushed(AMD))
    between.promote(pushed(manifest(annotations={"a": "b"}), attached(BOTH.digest, ".sig")))
    assert between.destination.tags == {"v1": BOTH.digest, attached(BOTH.digest, ".sig"): cosigned}
    assert late.digest in between.destination.manifests
    assert of_other.digest not in between.destination.manifests


def test_a_signature_pushed_while_its_image_is_copied_is_found_one_way_or_the_other(between: Between) -> None:
    keep(between.source, AMD, "v1")
    late = manifest(subject=AMD.digest)
    between.registries.meanwhile[f"PUT /v2/{NAME}/manifests/{AMD.digest}"] = lambda: keep(
        between.source, late
    )
    between.promote(pushed(AMD, "v1"))
    assert late.digest in between.destination.manifests


def test_by_hand_a_tag_or_a_digest(between: Between) -> None:
    keep(between.source, AMD, "any", "other")
    assert between.promote({"digest": AMD.digest}) == f"{between.there} has {AMD.digest}"
    assert between.destination.tags == {}
    between.promote({"tag": "other"})
    assert between.destination.tags == {"other": AMD.digest}
    with pytest.raises(CopyError, match="none is not in"):
        between.promote({"tag": "none"})
    with pytest.raises(CopyError, match="is not in"):
        between.promote({"digest": OTHER.digest})


def test_windows_base_layers_that_are_elsewhere_stay_there(between: Between) -> None:
    layers = [{"digest": digest_of(text), "size": 4, "urls": ["https://x"]} for text in (b"away", b"here")]
    windows = manifest(layers=layers)
    keep(between.source, windows, "v1")
    between.source.blobs[digest_of(b"here")] = b"here"
    between.promote({"tag": "v1"})
    assert between.destination.blobs.keys() == {digest_of(b"{}"), digest_of(b"here")}


@pytest.mark.parametrize("mounts", [True, False])
def test_in_one_registry_layers_are_mounted_if_it_lets_them(*, mounts: bool) -> None:
    with serving() as registries:
        between = Between(registries, HERE, "production/checkout")
        registries.mounts = mounts
        keep(between.source, BOTH, "v1")
        between.promote({"tag": "v1"})
        assert between.has(BOTH)
        assert registries.count(method="GET", of="/blobs/") == (0 if mounts else 4)


def test_a_large_layer_is_never_whole_in_memory(between: Between) -> None:
    between.registries.checks = False  # its own copy is not what is measured here
    content = bytes(64 * 1024 * 1024)
    between.source.blobs[digest_of(content)] = content
    large = manifest(layers=[{"digest": digest_of(content), "size": len(content)}])
    keep(between.source, large, "v1")
    chunks = between.copy()._chunks
    blob = Manifest.of(large.manifest, MANIFEST).blobs[-1]
    tracemalloc.start()
    with between.here.blob(blob.digest) as answer:
        assert sum(map(len, chunks(blob, answer))) == len(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * registry.CHUNK
    between.promote({"tag": "v1"})
    assert between.has(large)


# Twice, late, and beside each other --------------------------------------------------------------------


def test_a_second_time_pushes_nothing(between: Between) -> None:
    keep(between.source, BOTH, "v1")
    between.promote(pushed(BOTH, "v1"))
    between.registries.requests.clear()
    copy = between.copy()
    index.promote(pushed(BOTH, "v1"), copy)
    assert copy.pushed == 0
    assert between.registries.methods().keys() == {"GET", "HEAD"}


def test_a_late_event_does_not_set_a_moving_tag_back(between: Between) -> None:
    between.destination.immutable = False
    keep(between.source, AMD, "stable")
    between.promote(pushed(AMD, "stable"))
    keep(between.source, OTHER, "stable")
    between.promote(pushed(OTHER, "stable"))
    between.promote(pushed(AMD, "stable"))
    assert between.destination.tags == {"stable": OTHER.digest}


def test_a_copy_that_was_overtaken_sets_the_tag_right(between: Between) -> None:
    between.destination.immutable = False
    keep(between.source, AMD, "stable")

    def overtake() -> None:
        keep(between.source, OTHER, "stable")
        keep(between.destination, OTHER, "stable")

    between.registries.meanwhile[f"PUT /v2/{NAME}/manifests/stable"] = overtake
    between.promote(pushed(AMD, "stable"))
    assert between.destination.tags == {"stable": OTHER.digest}


def test_an_immutable_tag_of_another_image_is_an_error_that_says_so(between: Between) -> None:
    keep(between.source, AMD, "v1")
    keep(between.destination, OTHER, "v1")
    with pytest.raises(CopyError) as refused:
        between.promote(pushed(AMD, "v1"))
    assert f"v1 refers to {OTHER.digest}" in str(refused.value)
    assert "TAG_INVALID" in str(refused.value)
    assert between.destination.tags == {"v1": OTHER.digest}


def test_another_copy_that_was_faster_with_the_tag_is_no_error(between: Between) -> None:
    keep(between.source, AMD, "v1")
    faster = f"PUT /v2/{NAME}/manifests/v1"
    between.registries.meanwhile[faster] = lambda: keep(between.destination, AMD, "v1")
    assert AMD.digest in between.promote(pushed(AMD, "v1"))


def test_a_tag_that_is_gone_is_nothing_to_do(between: Between) -> None:
    assert "v1 is no longer in" in between.promote(pushed(AMD, "v1"))


# What goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_lived_through_wherever_it_happens(between: Between, status: int) -> None:
    keep(between.source, BOTH, "v1")
    between.registries.faults = [
        Fault(f"{method} /v2/{NAME}/{path}", status, 2)
        for method, path in (
            ("HEAD", "manifests"),
            ("GET", "manifests"),
            ("GET", "referrers"),
            ("HEAD", "blobs"),
            ("POST", "blobs"),
            ("GET", "blobs"),
            ("PUT", "blobs"),
            ("PUT", "manifests"),
        )
    ]
    between.promote(pushed(BOTH, "v1"))
    assert between.has(BOTH)
    assert len(between.registries.faults) > 4
    assert all(fault.times == 0 for fault in between.registries.faults)


def test_what_stays_is_raised_with_what_the_registry_said(between: Between) -> None:
    keep(between.source, AMD, "v1")
    between.registries.faults = [Fault("POST", 503, 99)]
    with pytest.raises(registry.RegistryError, match=r"POST blobs/uploads/ of .*503 TOLD_TO: as told"):
        between.promote(pushed(AMD, "v1"))
    assert between.destination.tags == {}


@pytest.mark.parametrize("status", [400, 401, 403, 405])
def test_a_refusal_is_raised_at_once(between: Between, status: int) -> None:
    keep(between.source, AMD, "v1")
    between.registries.faults = [Fault("POST", status, 99)]
    with pytest.raises(registry.RegistryError, match=f"{status} TOLD_TO"):
        between.promote(pushed(AMD, "v1"))
    assert between.registries.count(method="POST") == 1


def test_a_blob_that_breaks_off_is_copied_again(between: Between) -> None:
    keep(between.source, AMD, "v1")
    between.registries.faults = [Fault("STORE", None, 3)]
    between.promote(pushed(AMD, "v1"))
    assert between.has(AMD)


def test_a_blob_that_always_breaks_off_is_never_kept(between: Between) -> None:
    keep(between.source, AMD, "v1")
    between.registries.checks = False
    between.registries.faults = [Fault("STORE", None, 99)]
    with pytest.raises(registry.RegistryError, match="too few"):
        between.promote(pushed(AMD, "v1"))
    assert between.destination == Kept(immutable=True)


def test_a_blob_of_other_bytes_is_never_kept_even_where_nobody_checks(between: Between) -> None:
    keep(between.source, AMD, "v1")
    between.registries.checks = False
    for digest, content in list(between.source.blobs.items()):
        between.source.blobs[digest] = bytes(len(content))
    with pytest.raises(registry.RegistryError, match="sent other bytes than sha256:"):
        between.promote(pushed(AMD, "v1"))
    assert between.destination == Kept(immutable=True)


def test_a_manifest_of_other_bytes_is_refused(between: Between) -> None:
    keep(between.source, AMD, "v1")
    between.source.manifests[AMD.digest] = (MANIFEST, OTHER.manifest)
    with pytest.raises(registry.RegistryError, match=f"gave {OTHER.digest} for {AMD.digest}"):
        between.promote({"tag": "v1"})


def test_a_registry_that_sends_elsewhere_does_not_get_the_token_there(between: Between) -> None:
    keep(between.source, AMD, "v1")
    referrers = f"{between.registries.store_url}/v2/{NAME}/referrers/x"
    with pytest.raises(registry.RegistryError, match="must not see the token"):
        between.here._open("GET", referrers, {})


@pytest.mark.parametrize("reference", ["", "sha256:x", "../../x"])
def test_a_digest_that_is_none_is_refused(between: Between, reference: str) -> None:
    keep(between.source, AMD)
    between.source.tags["v1"] = reference
    between.source.manifests[reference] = (MANIFEST, AMD.manifest)
    with pytest.raises(registry.RegistryError, match="for a digest of v1"):
        between.promote({"tag": "v1"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no manifest"),
        (b"[]", "no manifest"),
        (b'{"schemaVersion": 1, "mediaType": "x"}', "another kind"),
        (b'{"schemaVersion": 2, "mediaType": "x"}', "another kind"),
        (json.dumps({"schemaVersion": 2, "config": {"digest": "md5:1", "size": 1}}).encode(), "no manifest"),
        (json.dumps({"schemaVersion": 2, "config": {"digest": AMD.digest}}).encode(), "no manifest"),
        (json.dumps({"schemaVersion": 2, "layers": [{"digest": AMD.digest, "size": -1}]}).encode(), "size"),
        (json.dumps({"schemaVersion": 2, "manifests": [{"digest": "../../x"}]}).encode(), "no manifest"),
    ],
)
def test_what_is_no_manifest_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        Manifest.of(body, MANIFEST)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "schemaVersion",
                        "mediaType",
                        "config",
                        "layers",
                        "manifests",
                        "subject",
                        "digest",
                        "size",
                        "urls",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_a_manifest_or_malformed(body: bytes) -> None:
    try:
        found = Manifest.of(body, MANIFEST)
    except MalformedError:
        return
    assert found.body == body


# Time --------------------------------------------------------------------------------------------------


class Invocation:
    """Lambda's context, whose time runs out with what was pushed."""

    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:copy"

    def __init__(self, destination: Kept, pushes: int) -> None:
        self.destination = destination
        self.until = self._pushed() + pushes

    def _pushed(self) -> int:
        return len(self.destination.blobs) + len(self.destination.manifests)

    def get_remaining_time_in_millis(self) -> int:
        return 900_000 if self._pushed() < self.until else 1_000


@pytest.fixture
def lambda_(between: Between, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The environment of the function; its calls of itself."""
    calls: list[dict[str, Any]] = []
    authorization = {"authorizationData": [{"authorizationToken": TOKEN}]}
    clients = {
        "ecr": SimpleNamespace(get_authorization_token=lambda: authorization),
        "lambda": SimpleNamespace(invoke=lambda **call: calls.append(call)),
    }
    monkeypatch.setattr("boto3.client", lambda name, **_: clients[name])
    environment = {"SOURCE": between.here, "DESTINATION": between.there}
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
        monkeypatch.setenv(f"{name}_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", between.registries.url)
    return calls


def test_what_does_not_end_in_time_goes_on_in_another_invocation(
    between: Between, lambda_: list[dict[str, Any]]
) -> None:
    keep(between.source, BOTH, "v1")
    event = pushed(BOTH, "v1")
    total = invocations = 0
    while not total or lambda_:
        lambda_.clear()
        answer = index.handler(event, Invocation(between.destination, 1))
        total += answer["pushed"]
        invocations += 1
        for call in lambda_:
            assert call["FunctionName"] == Invocation.invoked_function_arn
            assert call["InvocationType"] == "Event"
            assert json.loads(call["Payload"]) == event
        assert invocations < 20
    assert invocations == 4  # one for each blob
    assert total == 4 + 3 + 1  # blobs, manifests and the tag: each once
    assert between.has(BOTH)
    assert answer["result"] == f"{between.there} has v1, {BOTH.digest}"


def test_a_layer_that_takes_too_long_is_an_error_and_no_endless_loop(
    between: Between, lambda_: list[dict[str, Any]]
) -> None:
    keep(between.source, AMD, "v1")
    with pytest.raises(CopyError, match="A single layer takes longer"):
        index.handler({"tag": "v1"}, Invocation(between.destination, 0))
    assert lambda_ == []


def test_time_is_watched_within_a_layer(between: Between) -> None:
    blob = Manifest.of(AMD.manifest, MANIFEST).blobs[-1]
    keep(between.source, AMD)
    with between.here.blob(blob.digest) as content, pytest.raises(OutOfTimeError):
        next(between.copy(seconds=29)._chunks(blob, content))


# What it is called with --------------------------------------------------------------------------------


def test_all_that_is_no_push_of_the_repository_is_refused(between: Between) -> None:
    kinds = {name: event for name, event in SAMPLES.items() if not name.startswith("push")}
    refused: list[Any] = [*kinds.values(), sample("push", repository_name="shop/other"), {}, None, [], "v1"]
    refused += [{"tag": 1}, {"tag": "a b"}, {"tag": "v1", "digest": AMD.digest}, {"digest": "sha256:1"}]
    refused += [{"detail": None}, {"source": "aws.ecr", "detail": []}]
    for event in refused:
        with pytest.raises(index.RequestError):
            between.promote(event)
    assert between.registries.requests == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_NAMES = ["tag", "digest", "image-tag", "image-digest", "repository-name", "action-type", "result"]
_VALUES = _JSON | st.sampled_from([NAME, "PUSH", "SUCCESS", "v1\n", "../x", AMD.digest + "\n", "x" * 129])
_DETAILS = st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6)


@given(_JSON | _DETAILS | _DETAILS.map(lambda detail: {"source": "aws.ecr", "detail": detail}))
def test_nothing_malformed_reaches_a_registry(event: Any) -> None:
    asked: list[str] = []
    repository: Any = SimpleNamespace(name=NAME, digest_of=asked.append, manifest=asked.append)
    copy = Copy(repository, repository, lambda: 900)
    with contextlib.suppress(index.RequestError, CopyError):
        index.promote(event, copy)
    assert all(index._TAG.fullmatch(one) or DIGEST.fullmatch(one) for one in asked)
