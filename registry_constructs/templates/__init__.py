"""One reader of CloudFormation templates and of the CDK's cloud assemblies."""
