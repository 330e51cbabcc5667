"""What is held about people, and what the site says of it."""
