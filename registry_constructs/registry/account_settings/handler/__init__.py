"""The function that CloudFormation calls for the account settings."""
