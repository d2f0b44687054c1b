class ImageBuildError(Exception):
    """An image cannot be built here; the message is one line that says what is missing."""
