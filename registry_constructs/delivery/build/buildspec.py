"""CodeBuild buildspecs in Bash, with only the tools of its Amazon Linux 2023 images. Plain Python.

A script runs in a separate Bash, so that its `set -eu` affects only itself, and writes the digest to a file.
What differs between projects comes in as variables; the texts are the same for all.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Final

DIGEST_FILE: Final = "image-digest"
"""The file in which a script leaves the digest of the image in ECR."""

DEFINITIONS_FILE: Final = "imagedefinitions.json"
"""What CodePipeline's action for ECS reads (CodePipeline user guide, file-reference)."""

BUILD_ARGUMENT: Final = "BUILD_ARG_"
"""What the variables begin with that carry build arguments."""

BUILD_SECRET: Final = "BUILD_SECRET_"  # noqa: S105 - the beginning of a name
"""What the variables begin with that carry secrets of a build."""

# The commit is the tag. An immutable tag can't be pushed again, so a build that is retried finds its image.
_TAG: Final = """
TAG=${CODEBUILD_RESOLVED_SOURCE_VERSION:-}
if [[ ! $TAG =~ ^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$ ]]; then
  echo "The source has no version that can be an image tag: '$TAG'" >&2
  exit 1
fi

tagged() {
  aws ecr batch-get-image --registry-id "$REGISTRY_ID" --repository-name "$REPOSITORY_NAME" \\
    --image-ids "imageTag=$TAG" --query 'images[].imageId.imageDigest' --output text
}

leave() {
  if [[ ! $1 =~ ^sha256:[0-9a-f]{64}$ ]]; then
    echo "Not an image digest: '$1'" >&2
    exit 1
  fi
  printf '%s' "$1" > image-digest
  echo "$REPOSITORY_URI@$1"
}

DIGEST=$(tagged)
if [[ -n $DIGEST ]]; then
  echo "$TAG was built already"
  leave "$DIGEST"
  exit 0
fi

for registry in $REGISTRIES; do
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
done
"""

# A context takes over the certificates of a Docker server, which `buildx create` refuses to take from the
# environment. The builder's name is fixed: a Docker server keeps the builder, and its layers, between builds.
_BUILDER: Final = """
docker context create images
docker buildx create --name image-builder --use --driver docker-container \\
  ${BUILDKIT:+--driver-opt image="$BUILDKIT"} images
METADATA=$(mktemp)
"""

_READ: Final = """
leave "$(grep -o '"containerimage.digest": *"[^"]*"' "$METADATA" | cut -d '"' -f 4)"
"""

_INDEX: Final = """
docker buildx imagetools create --tag "$REPOSITORY_URI:$TAG" {images}
leave "$(tagged)"
"""


def image_buildspec(
    *,
    architecture: str,
    dockerfile: str,
    context: str,
    build_args: Sequence[str],
    secrets: Sequence[str],
    cached: bool,
    alone: bool,
) -> dict[str, Any]:
    """Buildspec that builds and pushes an image for one architecture.

    Args:
        architecture: Of the machine that it runs on too: nothing is emulated.
        dockerfile: The Dockerfile, in the source.
        context: The directory that the Dockerfile may copy from, in the source.
        build_args: The names of the build arguments.
        secrets: The ids of the secrets that the Dockerfile mounts.
        cached: Whether layers come from and go to `$CACHE`.
        alone: Whether the image is tagged. One of several is pushed by its digest: the index gets the tag.
    """
    # ECR takes a cache only as an image manifest. One that can't be written doesn't stop a release.
    cache = f"type=registry,ref=$CACHE:{architecture}"
    to_cache = f"{cache},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
    output = "name=$REPOSITORY_URI:$TAG" if alone else "name=$REPOSITORY_URI,push-by-digest=true"
    build = [
        "docker buildx build",
        f"--platform linux/{architecture}",
        f"--file {shlex.quote(dockerfile)}",
        *(f'--build-arg "{name}=${BUILD_ARGUMENT}{name}"' for name in build_args),
        *(f"--secret id={name},env={BUILD_SECRET}{name}" for name in secrets),
        '--label "org.opencontainers.image.revision=$TAG"',
        *((f'--cache-from "{cache}"', f'--cache-to "{to_cache}"') if cached else ()),
        # With a provenance attestation the digest would be an index's, which Lambda can't run.
        "--provenance=false",
        f'--output "type=image,{output},push=true"',
        '--metadata-file "$METADATA"',
        shlex.quote(context),
    ]
    return _buildspec(_TAG + _BUILDER + " \\\n  ".join(build) + _READ)


def index_buildspec(architectures: Sequence[str]) -> dict[str, Any]:
    """Buildspec that creates an index of the images pushed by digest, and tags it.

    Args:
        architectures: `$<architecture>_DIGEST`, in capitals, is the digest of each one's image.
    """
    images = (f'"$REPOSITORY_URI@${name.upper()}_DIGEST"' for name in architectures)
    return _buildspec(_TAG + _INDEX.format(images=" ".join(images)))


def record_buildspec() -> dict[str, Any]:
    """Buildspec that writes the deployed digest to an SSM parameter."""
    command = 'aws ssm put-parameter --name "$PARAMETER" --value "$IMAGE_DIGEST" --type String --overwrite'
    return {"version": "0.2", "env": {"shell": "bash"}, "phases": {"build": {"commands": [command]}}}


def _buildspec(script: str) -> dict[str, Any]:
    definitions = """printf '[{"name":"%s","imageUri":"%s"}]' "${CONTAINER_NAME:-Container}" "$IMAGE_URI\""""
    return {
        "version": "0.2",
        "env": {"shell": "bash", "exported-variables": ["IMAGE_DIGEST", "IMAGE_TAG", "IMAGE_URI"]},
        "phases": {
            "build": {
                "commands": [
                    f"bash -euo pipefail -c {shlex.quote(script)}",
                    f'export IMAGE_DIGEST="$(cat {DIGEST_FILE})"',
                    'export IMAGE_TAG="$CODEBUILD_RESOLVED_SOURCE_VERSION"',
                    'export IMAGE_URI="$REPOSITORY_URI@$IMAGE_DIGEST"',
                    f"{definitions} > {DEFINITIONS_FILE}",
                ]
            }
        },
        "artifacts": {"files": [DEFINITIONS_FILE]},
    }
