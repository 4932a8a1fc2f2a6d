"""The base class of all errors that are shown to the user."""


class MnistLabError(Exception):
    """An error the user can understand and fix: its message says, in a sentence, what is wrong and what to do.

    Each subclass is defined in the module that raises it: `ConfigError`, `DataError`, `RunError`, `Diverged`,
    `EmptyDrawing`, `ImageFileError`. The pages and the command line show the message as it is.
    """
