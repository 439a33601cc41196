// The inherited app of tests/rules/test_assembly.py; its assembly beside it was written by
//   node app.ts
// with aws-cdk-lib 2.275.0.
const cdk = require('aws-cdk-lib');
const ecr = require('aws-cdk-lib/aws-ecr');
const ecs = require('aws-cdk-lib/aws-ecs');

const app = new cdk.App({ outdir: 'cdk.out', analyticsReporting: false });
const env = { account: '111122223333', region: 'eu-west-1' };
const images = new cdk.Stack(app, 'Images', { env, tags: { team: 'shop' } });
const web = new ecr.Repository(images, 'Web', { repositoryName: 'shop/web' });
const legacy = new ecr.CfnRepository(images, 'Legacy', { imageTagMutability: 'IMMUTABLE' });
cdk.Validations.of(legacy).acknowledge({
  id: 'registry-constructs::lifecycle-policy',
  reason: 'A few images of an app that nobody builds any more',
});
const nested = new cdk.NestedStack(images, 'Nested');
new ecr.CfnRepository(nested, 'Inner', { repositoryName: 'shop/inner' });

const service = new cdk.Stack(app, 'Service', { env });
const task = new ecs.FargateTaskDefinition(service, 'Task');
task.addContainer('web', { image: ecs.ContainerImage.fromEcrRepository(web, 'latest') });
app.synth();
