"""What is known of every live call: its state, how it changes by facts, how events become facts."""
