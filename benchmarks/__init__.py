"""Side by side with peers, in ratios measured in one run."""
