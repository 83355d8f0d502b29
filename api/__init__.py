"""Room: HTTP, the live feed, sign-in and permissions. May import every room but hotline."""
