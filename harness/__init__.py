"""netchurn: churn and leak evidence for network-interface watchers."""

__version__ = "0.1.0"
