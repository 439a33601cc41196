"""Images built in CodeBuild, and the pipeline that brings them to ECS."""
