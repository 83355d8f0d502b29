"""Room api: the routes, one file a subject."""
