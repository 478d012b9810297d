"""What other streams of alerts want to be told: `hermes` turns targets and measurements into its words."""
