"""How an OpenMetadata server behaves to those who report runs to it: the stand-in, and a real one that is named."""
