"""Who somebody is, by the word of an OpenID provider."""
