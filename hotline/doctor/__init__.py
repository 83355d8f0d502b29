"""`hotline doctor`: looks at a real installation and says in words what is wrong and what to do."""
