"""Pages for people: made on the server, readable without JavaScript. How they look: docs/visual-language.md."""
