"""Room hotline/backup: a copy of everything that cannot be built again, and its way back."""
