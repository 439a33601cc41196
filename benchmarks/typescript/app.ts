/**
 * An app of plain `ecr.Repository`, made from a workload (see workload.py).
 *
 *     node build/app.js <workload.json> <folder for the cloud assembly>
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cdk from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

const PULL_ACTIONS = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

interface Workload {
  readonly stacks: { readonly name: string; readonly repositories: RepositoryDescription[] }[];
}

interface RepositoryDescription {
  readonly id: string;
  readonly name: string;
  readonly immutableExcept: string[] | null;
  readonly lifecycle: { readonly rules: LifecycleRule[] };
  readonly tags: Record<string, string>;
  readonly pullAccounts: string[];
}

/** A rule as ECR takes it. */
interface LifecycleRule {
  readonly rulePriority: number;
  readonly description?: string;
  readonly selection: {
    readonly tagStatus: 'any' | 'tagged' | 'untagged';
    readonly tagPatternList?: string[];
    readonly tagPrefixList?: string[];
    readonly countType: 'imageCountMoreThan' | 'sinceImagePushed';
    readonly countNumber: number;
  };
}

const TAG_STATUS = {
  any: ecr.TagStatus.ANY,
  tagged: ecr.TagStatus.TAGGED,
  untagged: ecr.TagStatus.UNTAGGED,
};

class RepositoriesStack extends cdk.Stack {
  constructor(scope: Construct, id: string, repositories: RepositoryDescription[], props: cdk.StackProps) {
    super(scope, id, props);
    const encryptionKey = new kms.Key(this, 'RegistryConstructsKey', {
      alias: `ecr/${id}`,
      description: `Encrypts the container images of stack ${id}`,
      enableKeyRotation: true,
      removalPolicy: cdk.RemovalPolicy.RETAIN,
    });
    for (const described of repositories) {
      const repository = new ecr.Repository(this, described.id, {
        repositoryName: described.name,
        encryptionKey,
        imageScanOnPush: true,
        ...tagMutability(described.immutableExcept),
        lifecycleRules: described.lifecycle.rules.map(lifecycleRule),
      });
      for (const [key, value] of Object.entries(described.tags)) {
        cdk.Tags.of(repository).add(key, value);
      }
      if (described.pullAccounts.length > 0) {
        repository.addToResourcePolicy(
          new iam.PolicyStatement({
            actions: PULL_ACTIONS,
            principals: described.pullAccounts.map((account) => new iam.AccountPrincipal(account)),
          }),
        );
      }
    }
  }
}

function tagMutability(immutableExcept: string[] | null): Partial<ecr.RepositoryProps> {
  if (immutableExcept === null) {
    return { imageTagMutability: ecr.TagMutability.IMMUTABLE };
  }
  return {
    imageTagMutability: ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
    imageTagMutabilityExclusionFilters: immutableExcept.map((pattern) =>
      ecr.ImageTagMutabilityExclusionFilter.wildcard(pattern),
    ),
  };
}

function lifecycleRule({ rulePriority, description, selection }: LifecycleRule): ecr.LifecycleRule {
  return {
    rulePriority,
    description,
    tagStatus: TAG_STATUS[selection.tagStatus],
    tagPatternList: selection.tagPatternList,
    tagPrefixList: selection.tagPrefixList,
    ...(selection.countType === 'sinceImagePushed'
      ? { maxImageAge: cdk.Duration.days(selection.countNumber) }
      : { maxImageCount: selection.countNumber }),
  };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf-8'));
}

function main(workloadFile: string, outdir: string): void {
  const { stacks } = readJson(workloadFile) as Workload;
  const { context } = readJson(join(__dirname, '../../../cdk.json')) as { context: Record<string, unknown> };
  const app = new cdk.App({ context, outdir });
  for (const { name, repositories } of stacks) {
    new RepositoriesStack(app, name, repositories, {
      env: { account: '111122223333', region: 'eu-west-1' },
    });
  }
  app.synth();
}

const [workloadFile, outdir] = process.argv.slice(2);
if (workloadFile === undefined || outdir === undefined) {
  throw new Error('usage: node build/app.js <workload.json> <folder for the cloud assembly>');
}
main(workloadFile, outdir);
