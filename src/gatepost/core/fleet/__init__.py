"""What is known: people, their devices, the apps that can be spoken of, and what reports say."""
