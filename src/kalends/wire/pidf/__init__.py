"""Presence as a document for SIP watchers: view → PIDF.

Specifications: RFC 3863 (PIDF), 4479 (data model: person, service), 4480 (RPID: activities,
sphere), 4481 (timed status). ``rpid`` maps Kalends' activities, ``document`` writes the XML.

Vocabulary: *entity*, the SIP address the document is about; *tuple*, the service "a call to this
address"; *person*, the human; *basic*, whether a call can reach somebody (not whether the person
is free); *note*, the words that even the simplest phone displays.
"""

from kalends.wire.pidf.document import CONTENT_TYPE, Style, render
from kalends.wire.pidf.rpid import ACTIVITIES, RPID, activity_table

__all__ = ["ACTIVITIES", "CONTENT_TYPE", "RPID", "Style", "activity_table", "render"]
