"""The webhooks of the settings as the couriers want them."""

from __future__ import annotations

from functools import partial

from monitor.config import Settings, secret
from monitor.config_webhooks import AnyWebhook, NoticeWebhook, SignedWebhook
from monitor.couriers import Hook
from monitor.webhooks.sending import Notice, Signed, Way


def hooks(settings: Settings) -> list[Hook]:
    """Secrets are read when something is sent, so a file that was changed counts at once."""
    apart = frozenset({settings.canary.room})
    return [
        Hook(
            name=hook.name,
            way=_way(hook),
            events=frozenset(hook.events),
            severity=hook.severity,
            rooms=frozenset(hook.rooms),
            apart=apart,
            console=hook.console,
        )
        for hook in settings.webhooks
    ]


def _way(hook: AnyWebhook) -> Way:
    match hook:
        case SignedWebhook():
            return Signed(hook.url, partial(secret, hook.secret), hook.private)
        case NoticeWebhook():
            return Notice(partial(secret, hook.address))
