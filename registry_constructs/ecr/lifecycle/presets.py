"""Ready lifecycle policies for the lives that repositories lead.

Common to all of them: a tagged image that no rule names is kept. An image with several tags is left to the
first rule that names one of them. Untagged images are mostly what a moved tag has left behind; whatever runs
them by digest has the days given to move on. What a manifest list refers to stays as long as the list.

Where a preset takes a list of tags, an empty list leaves the rule out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import values
from registry_constructs.ecr.lifecycle.policy import LifecyclePolicy
from registry_constructs.ecr.lifecycle.rule import LifecycleRule

if TYPE_CHECKING:
    from collections.abc import Sequence

# Ten times the images that a repository holds by default: such a rule never acts. It only selects its
# images, and so keeps every later rule from them.
_ALL = 1_000_000


def default(*, untagged_days: int = 30) -> LifecyclePolicy:
    """What a repository gets by default: untagged images go, every tagged image stays.

    Args:
        untagged_days: Days from the push until an untagged image is deleted.

    Raises:
        InvalidInputError: The number is below 1.
    """
    return LifecyclePolicy([_untagged(untagged_days)])


def releases(
    *,
    release_patterns: Sequence[str] = ("v*",),
    prerelease_patterns: Sequence[str] = ("alpha-*", "beta-*", "rc-*"),
    prerelease_days: int = 90,
    untagged_days: int = 30,
) -> LifecyclePolicy:
    """Releases stay for good; pre-releases and untagged images go.

    A release candidate that was released, `rc-7` and `v1.2.0` on one image, is a release. For the same reason
    `v1.2.0-rc.7` is one as long as `v*` names releases: ECR can't tell the two apart.

    Args:
        release_patterns: Tags of images that stay, whatever other tags they have.
            An empty list leaves the rule out.
        prerelease_patterns: Tags of images that go, unless they are releases.
            An empty list leaves the rule out.
        prerelease_days: Days from the push until a pre-release is deleted.
        untagged_days: Days from the push until an untagged image is deleted.

    Raises:
        InvalidInputError: A number is below 1, or a list has an entry that ECR would refuse.
    """
    values.whole_number(prerelease_days, where="prerelease_days")
    return LifecyclePolicy(
        [
            *_keep(release_patterns, "release_patterns"),
            *_any_of(prerelease_patterns, "prerelease_patterns", days_since_pushed=prerelease_days),
            _untagged(untagged_days),
        ]
    )


def continuous_delivery(
    *,
    deployed_tags: Sequence[str] = ("latest", "prod", "production", "staging"),
    release_patterns: Sequence[str] = ("v*", "release-*", "main-*"),
    keep_releases: int = 50,
    branch_patterns: Sequence[str] = ("feature-*", "pr-*"),
    branch_days: int = 14,
    untagged_days: int = 30,
) -> LifecyclePolicy:
    """The newest releases stay; older ones, the images of short-lived branches and untagged images go.

    An image with `main-4f2a` and `pr-12` is a release. One with `v1.2.0` and `main-4f2a` goes when 50 newer
    images have a `v*` tag, however many have a `main-*` tag: the first pattern listed decides.

    Deployed tags that move, such as `prod`, need a repository whose tags may move (`immutable_except=[...]`
    or `image_tag_mutability=MUTABLE`), because a `Repository`'s tags are immutable by default.

    Args:
        deployed_tags: Tags or patterns of images that stay for good, such as tags that move along with
            deployments. An image that runs under none of them may be deleted once it is old enough.
            Here as in the other lists, an empty list leaves the rule out.
        release_patterns: Tags of images of which the newest stay, counted for each pattern on its own.
        keep_releases: Images to keep of each release pattern, those that were pushed last.
        branch_patterns: Tags of images that are needed only for days.
        branch_days: Days from the push until a branch's image is deleted.
        untagged_days: Days from the push until an untagged image is deleted.

    Raises:
        InvalidInputError: A number is below 1, or a list has an entry that ECR would refuse.
    """
    values.whole_number(keep_releases, where="keep_releases")
    values.whole_number(branch_days, where="branch_days")
    return LifecyclePolicy(
        [
            *_keep(deployed_tags, "deployed_tags"),
            *_any_of(release_patterns, "release_patterns", image_count_more_than=keep_releases),
            *_any_of(branch_patterns, "branch_patterns", days_since_pushed=branch_days),
            _untagged(untagged_days),
        ]
    )


def development(
    *,
    kept_tags: Sequence[str] = ("latest", "main", "develop"),
    days: int = 30,
    untagged_days: int = 7,
) -> LifecyclePolicy:
    """Every image goes after some days but those under the kept tags.

    A repository without any of the kept tags is empty after that many days without a push.

    Kept tags that move, such as `latest`, need a repository whose tags may move (`immutable_except=[...]`
    or `image_tag_mutability=MUTABLE`), because a `Repository`'s tags are immutable by default.

    Args:
        kept_tags: Tags or patterns of images that stay for good; an empty list leaves the rule out.
        days: Days from the push until any other tagged image is deleted.
        untagged_days: Days from the push until an untagged image is deleted.

    Raises:
        InvalidInputError: A number is below 1, or the list has an entry that ECR would refuse.
    """
    values.whole_number(days, where="days")
    return LifecyclePolicy(
        [
            *_keep(kept_tags, "kept_tags"),
            LifecycleRule.expire(tag_pattern_list=["*"], days_since_pushed=days),
            _untagged(untagged_days),
        ]
    )


def build_cache(*, keep: int = 50, untagged_days: int = 1) -> LifecyclePolicy:
    """The caches written last stay, whatever their tags; untagged ones go after a day.

    For caches that each build pushes anew under the tag of its branch: the caches of branches that nobody
    builds any more go first. Nothing goes for its age alone, so a quiet repository keeps its caches.

    Such cache tags move, so they need a repository whose tags may move (`immutable_except=[...]`
    or `image_tag_mutability=MUTABLE`), because a `Repository`'s tags are immutable by default.

    Args:
        keep: Tagged caches to keep, those that were pushed last.
        untagged_days: Days from the push until a cache that lost its tag is deleted.

    Raises:
        InvalidInputError: A number is below 1.
    """
    return _newest(keep, untagged_days)


def pull_through_mirror(*, keep: int = 500, untagged_days: int = 30) -> LifecyclePolicy:
    """The tags cached last stay; older ones and untagged images go, and come back with the next pull.

    ECR counts the time from the caching, not from the last pull: an image that is pulled daily goes as well
    once enough newer tags are cached, and is fetched from upstream again.

    Args:
        keep: Tagged images to keep, those that were cached last.
        untagged_days: Days from the caching until an image whose tag moved upstream is deleted.

    Raises:
        InvalidInputError: A number is below 1.
    """
    return _newest(keep, untagged_days)


def long_term_archive(*, unused_days: int = 180, archived_days: int = 7 * 365) -> LifecyclePolicy:
    """Every image, tagged or not, is archived when it is no longer pulled, and deleted after years there.

    A pull of an archived image fails with 404 until it is restored. The archive charges for at least 90 days.

    Args:
        unused_days: Days from the last pull, or from the push if there was none, until an image is archived.
        archived_days: Days in the archive until the image is deleted; 90 or more.

    Raises:
        InvalidInputError: A number is below 1, or the days in the archive are below 90.
    """
    values.whole_number(unused_days, where="unused_days")
    try:
        expire = LifecycleRule.expire(days_since_transitioned=archived_days)
    except InvalidInputError as error:
        raise error.at("archived_days") from None
    # No rule for untagged images: once a manifest list is archived, ECR may apply such a rule to the images
    # of its platforms, and the list would come back from the archive without them.
    return LifecyclePolicy([LifecycleRule.archive(days_since_pulled=unused_days), expire])


def _keep(tags: Sequence[str], where: str) -> list[LifecycleRule]:
    return _any_of(tags, where, image_count_more_than=_ALL, description="Keep all images with this tag")


def _any_of(
    tags: Sequence[str],
    where: str,
    *,
    image_count_more_than: int | None = None,
    days_since_pushed: int | None = None,
    description: str | None = None,
) -> list[LifecycleRule]:
    """The rule for the tags of the parameter `where`; none for an empty list."""
    if isinstance(tags, list | tuple) and not tags:
        return []
    return [
        LifecycleRule.expire(
            any_of=values.patterns(tags, where=where),
            image_count_more_than=image_count_more_than,
            days_since_pushed=days_since_pushed,
            description=description,
        )
    ]


def _newest(keep: int, untagged_days: int) -> LifecyclePolicy:
    values.whole_number(keep, where="keep")
    return LifecyclePolicy(
        [
            # Not any image: that would count the images under a manifest list too.
            LifecycleRule.expire(tag_pattern_list=["*"], image_count_more_than=keep),
            _untagged(untagged_days),
        ]
    )


def _untagged(days: int) -> LifecycleRule:
    values.whole_number(days, where="untagged_days")
    return LifecycleRule.expire(untagged=True, days_since_pushed=days)
