"""The system under study: link watchers as an importable library (stdlib, pyroute2, psutil)."""
