"""What the constructs share. Private: it may change in any release."""
