"""The check of an image, and the function that CloudFormation and CodePipeline call for it."""
