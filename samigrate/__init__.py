"""Move Kubernetes workloads off ambient API credentials, by editing their manifests."""

__version__ = "0.1.0"
