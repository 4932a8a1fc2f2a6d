"""The base class of the errors a user can meet."""


class MnistLabError(Exception):
    """Something a user can understand and mend: the message is a sentence that says what is wrong and what to do.

    Every subclass stands in the module that raises it: `ConfigError`, `DataError`, `RunError`, `Diverged`,
    `EmptyDrawing`, `ImageFileError`. The pages and the command line show the message as it is.
    """
