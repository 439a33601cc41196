"""The files that CI runs to publish: build, push under the commit, say the digest. Plain Python."""

from __future__ import annotations

from typing import NamedTuple


class Destination(NamedTuple):
    """Where a workflow pushes to, and as whom.

    Attributes:
        region: The repository's Region.
        registry: The registry's host.
        repository: The repository's name.
        role_arn: The role; None if it is known only at deployment, when CI gets it from a variable.
    """

    region: str
    registry: str
    repository: str
    role_arn: str | None


def github_workflow(to: Destination, *, branch: str | None, environment: str | None) -> str:
    """A workflow of GitHub Actions."""
    role = to.role_arn or "${{ vars.AWS_ROLE_ARN }}"
    trigger = f"  push:\n    branches: [{branch}]\n" if branch else "  workflow_dispatch:\n"
    job = f"    environment: {environment}\n" if environment else ""
    return f"""\
# Builds the image, pushes it to Amazon ECR under the commit, and says its digest. No key of AWS is stored.
# Pin the actions by their commits: a tag of theirs can be moved.
name: Publish
on:
{trigger}permissions:
  contents: read
  id-token: write # the token that the role trusts
jobs:
  publish:
    runs-on: ubuntu-latest
{job}    env:
      IMAGE: {to.registry}/{to.repository}
    steps:
      - uses: actions/checkout@v7
      - uses: aws-actions/configure-aws-credentials@v6
        with:
          role-to-assume: {role}
          aws-region: {to.region}
      - uses: aws-actions/amazon-ecr-login@v2
      - name: Build and push
        run: |
          docker build --provenance=false --tag "$IMAGE:$GITHUB_SHA" .
          docker push "$IMAGE:$GITHUB_SHA"
          docker inspect --format 'Pushed {{{{index .RepoDigests 0}}}}' "$IMAGE:$GITHUB_SHA" \\
            | tee -a "$GITHUB_STEP_SUMMARY"
"""


def gitlab_pipeline(to: Destination, *, audience: str, refs: str) -> str:
    """A `.gitlab-ci.yml`."""
    role = to.role_arn or "$AWS_ROLE_ARN_OF_PUBLISHER"
    return f"""\
# Builds the image, pushes it to Amazon ECR under the commit, and says its digest. No key of AWS is stored.
publish:
  image: docker:29
  services: [docker:29-dind]
  rules:
    - if: {refs}
  id_tokens:
    AWS_TOKEN: # the token that the role trusts
      aud: {audience}
  variables:
    AWS_REGION: {to.region}
    AWS_ROLE_ARN: {role}
    AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/aws-token
    DOCKER_TLS_CERTDIR: /certs
    IMAGE: {to.registry}/{to.repository}
  before_script:
    - apk add --no-cache aws-cli
    - echo "$AWS_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    - aws ecr get-login-password | docker login --username AWS --password-stdin {to.registry}
  script:
    - docker build --provenance=false --tag "$IMAGE:$CI_COMMIT_SHA" .
    - docker push "$IMAGE:$CI_COMMIT_SHA"
    - docker inspect --format 'Pushed {{{{index .RepoDigests 0}}}}' "$IMAGE:$CI_COMMIT_SHA"
"""


def bitbucket_pipeline(to: Destination, *, environment: str | None) -> str:
    """A `bitbucket-pipelines.yml`."""
    role = to.role_arn or "$AWS_ROLE_ARN_OF_PUBLISHER"
    deployment = f"          deployment: {environment}\n" if environment else ""
    return f"""\
# Builds the image, pushes it to Amazon ECR under the commit, and says its digest. No key of AWS is stored.
image: docker:29
pipelines:
  branches:
    main:
      - step:
          name: Publish
{deployment}          oidc: true # the token that the role trusts
          services: [docker]
          script:
            - apk add --no-cache aws-cli
            - export AWS_REGION={to.region} AWS_ROLE_ARN={role}
            - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/aws-token IMAGE={to.registry}/{to.repository}
            - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
            - aws ecr get-login-password | docker login --username AWS --password-stdin {to.registry}
            - docker build --provenance=false --tag "$IMAGE:$BITBUCKET_COMMIT" .
            - docker push "$IMAGE:$BITBUCKET_COMMIT"
            - docker inspect --format 'Pushed {{{{index .RepoDigests 0}}}}' "$IMAGE:$BITBUCKET_COMMIT"
"""
