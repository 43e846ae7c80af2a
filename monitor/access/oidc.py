"""An identity provider, by OpenID Connect."""

from __future__ import annotations


class Provider:
    """See below."""

    name = ""
