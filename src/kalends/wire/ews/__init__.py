"""Exchange Web Services, 2007 SP1 to Subscription Edition, as a sans-IO codec ([MS-OXWS…]).

Every operation has a file: ``build_*`` makes its request, ``parse_*`` reads the answer into values.
``soap`` is the envelope around all of them, ``errors`` says what each response code asks us to do,
``versions`` what each server may be asked. No file opens a connection, reads a clock or knows a
credential. What is asked when, and of whom, is the endpoint's business.

Vocabulary: a *context* says where a request goes, as whom, in which version; a *folder* is named by
id or role; a *mark* is the extended property of what Kalends wrote itself; a *news* is one envelope
of a notification stream; a *fault* is what the server said, a *reaction* what it means.
"""
