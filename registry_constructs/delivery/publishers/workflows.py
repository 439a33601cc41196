"""CI workflow files that build an image, push it with the commit as tag, and print its digest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_YAML_WORDS = frozenset({"false", "n", "no", "null", "off", "on", "true", "y", "yes"})
"""Plain words that YAML 1.1 takes for something else than text."""

_INSPECT = "docker inspect --format 'Pushed {{index .RepoDigests 0}}'"


class PushDestination(NamedTuple):
    """The repository that a workflow pushes to, and the role that it assumes.

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


class Refs(NamedTuple):
    """The branches and tags whose jobs are trusted.

    Attributes:
        branches: Names, and patterns with `*` for any run of characters.
        tags: The same.
    """

    branches: Sequence[str] = ()
    tags: Sequence[str] = ()


def github_workflow(to: PushDestination, *, refs: Refs, environment: str | None) -> str:
    """A GitHub Actions workflow for the refs that the role trusts, or started manually."""
    role = to.role_arn or "${{ vars.AWS_ROLE_ARN }}"
    # In GitHub's filters one '*' stops at a '/', and two don't: as IAM's.
    named = {"branches": refs.branches, "tags": refs.tags}
    filters = "".join(
        f"    {kind}:\n" + "".join(f"      - {scalar(name.replace('*', '**'))}\n" for name in names)
        for kind, names in named.items()
        if names
    )
    trigger = f"  push:\n{filters}" if filters else "  workflow_dispatch:\n"
    job = f"    environment: {scalar(environment)}\n" if environment else ""
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
          {_INSPECT} "$IMAGE:$GITHUB_SHA" \\
            | tee -a "$GITHUB_STEP_SUMMARY"
"""


def gitlab_pipeline(to: PushDestination, *, audience: str, refs: Refs) -> str:
    """A `.gitlab-ci.yml` whose job runs for the refs that the role trusts, or for the default branch."""
    role = to.role_arn or "$AWS_ROLE_ARN_OF_PUBLISHER"
    conditions = [_gitlab_condition("$CI_COMMIT_BRANCH", name) for name in refs.branches]
    conditions += [_gitlab_condition("$CI_COMMIT_TAG", name) for name in refs.tags]
    conditions = conditions or ["$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"]
    rules = "".join(f"    - if: {scalar(condition)}\n" for condition in conditions)
    return f"""\
# Builds the image, pushes it to Amazon ECR under the commit, and says its digest. No key of AWS is stored.
publish:
  image: docker:29
  services: [docker:29-dind]
  rules:
{rules}  id_tokens:
    AWS_TOKEN: # the token that the role trusts
      aud: {scalar(audience)}
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
    - {_INSPECT} "$IMAGE:$CI_COMMIT_SHA"
"""


def bitbucket_pipeline(
    to: PushDestination, *, branches: Sequence[str], environments: Mapping[str, str]
) -> str:
    """A `bitbucket-pipelines.yml`, whose step deploys to the first environment that the role trusts."""
    role = to.role_arn or "$AWS_ROLE_ARN_OF_PUBLISHER"
    environment = next(iter(environments), None)
    deployment = f"        deployment: {scalar(environment)}\n" if environment else ""
    pipelines = "".join(f"    {scalar(branch)}:\n      - step: *publish\n" for branch in branches)
    return f"""\
# Builds the image, pushes it to Amazon ECR under the commit, and says its digest. No key of AWS is stored.
image: docker:29
definitions:
  steps:
    - step: &publish
        name: Publish
{deployment}        oidc: true # the token that the role trusts
        services: [docker]
        script:
          - apk add --no-cache aws-cli
          - export AWS_REGION={to.region} AWS_ROLE_ARN={role}
          - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/aws-token IMAGE={to.registry}/{to.repository}
          - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
          - aws ecr get-login-password | docker login --username AWS --password-stdin {to.registry}
          - docker build --provenance=false --tag "$IMAGE:$BITBUCKET_COMMIT" .
          - docker push "$IMAGE:$BITBUCKET_COMMIT"
          - {_INSPECT} "$IMAGE:$BITBUCKET_COMMIT"
pipelines:
  branches:
{pipelines}"""


def scalar(text: str) -> str:
    """A YAML scalar for a text: unquoted if possible, else in quotes."""
    plain = re.fullmatch(r"[A-Za-z$][A-Za-z0-9$_./ =\"-]*", text) and not text.endswith(" ")
    if plain and text.lower() not in _YAML_WORDS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub("[^ -~]", lambda letter: f"\\U{ord(letter[0]):08X}", escaped) + '"'


def _gitlab_condition(variable: str, name: str) -> str:
    if "*" not in name:
        return f"{variable} == {json.dumps(name)}"
    expression = ".*".join(re.escape(part).replace("/", r"\/") for part in name.split("*"))
    return f"{variable} =~ /^{expression}$/"
