"""Image pulls in VPCs without internet access: VPC endpoints and their policies."""
