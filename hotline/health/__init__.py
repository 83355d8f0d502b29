"""What each part says of itself, and what that means for the whole."""
