"""The workers: what is owed is offered, carried by a queue, done once."""
