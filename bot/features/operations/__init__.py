"""Monitoring for operators: health, alerts, metrics, costs, the log channel."""
