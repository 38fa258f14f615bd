"""Exchange Autodiscover: from an address to the server that holds its mailbox ([MS-OXDSCLI]).

``candidates`` lists where to ask, in the documented order; ``pox`` (every version) and ``soap``
(2010+, several mailboxes per request) are the two languages; ``redirects`` judges where an answer
sends us; ``walk`` puts them together as a session without input or output: it says what to ask,
takes the answer, and ends with the mailbox's endpoint or the reasons why there is none.

Who may see a credential is the HTTP client's duty; here every step says whether it needs one, and a
step over plain http, or to a host nobody has allowed, never does.
"""
