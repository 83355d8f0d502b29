"""Room hotline/metrics: what the service counts and measures, for Prometheus."""
