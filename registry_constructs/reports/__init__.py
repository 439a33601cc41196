"""What was found, as documents for people, for CI and for AWS Security Hub."""
