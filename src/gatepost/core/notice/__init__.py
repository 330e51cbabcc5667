"""What a notice is; the texts are filled in by notify/."""
