"""Room hotline/alarms: what a person must hear of at once, told durably and not too often."""
