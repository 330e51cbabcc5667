"""What people are told by mail: rendered from the stored texts, built into messages, handed to a mail server."""
