"""The configuration file: one TOML, loaded whole, every mistake told at once with its line.

``load`` reads ``kalends.toml`` (and the people files it names) into ``Configuration``;
``problems_of`` checks one organization's document, from a file or from the API; ``toml_text``
writes documents back (``kalends export``).
"""

from kalends.config.check import problems_of
from kalends.config.export import toml_text
from kalends.config.load import Configuration, load
from kalends.config.server import MailOptions, ServerOptions

__all__ = [
    "Configuration",
    "MailOptions",
    "ServerOptions",
    "load",
    "problems_of",
    "toml_text",
]
