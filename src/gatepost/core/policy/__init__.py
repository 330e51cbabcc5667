"""What a policy says and what follows from it. Start reading in verdict.py."""
