"""Networks without internet access: VPC endpoints and what may pass them."""
