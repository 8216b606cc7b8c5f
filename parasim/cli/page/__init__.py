"""A run as one page of HTML that needs nothing else: no network, no scripts, no other files."""

from parasim.cli.page._page import make_page as make_page
