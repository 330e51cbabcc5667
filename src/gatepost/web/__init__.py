"""The site's API."""
