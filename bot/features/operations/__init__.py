"""What an operator watches: health, alerts, metrics, costs, the log channel."""
