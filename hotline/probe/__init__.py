"""Room hotline/probe: the service calls itself and listens (拨测)."""
