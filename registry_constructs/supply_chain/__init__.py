"""What builds, scans, delivers and watches images."""
