"""Messages with personal data hidden: what the feed, the lists and the API show by default. Pure.

What is stored stays as it was heard: keyword lists are searched in it, and whoever has the right and a reason sees it
(`POST /api/alerts/{alert}/reveal`, which is written into the audit log). The words of a hit stay visible: they are why
somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from monitor.masking.find import Span, find
from monitor.messages import (
    AlertChanged,
    AlertRaised,
    AlertView,
    GapNoted,
    HeardMessage,
    HitView,
    Message,
    SecondView,
    WordView,
)


def text(said: str) -> str:
    """With "[phone]" and the like in the place of what is personal."""
    return _replaced(said, find(said), 0, len(said))


def around(before: str, matched: str, after: str) -> tuple[str, str, bool]:
    """What stands before and after a hit, masked, and whether anything was: looked at as one text with the hit."""
    start = len(before) + 1
    end = start + len(matched)
    whole = f"{before} {matched} {after}"
    spans = find(whole)
    head = _replaced(whole, spans, 0, len(before))
    tail = _replaced(whole, spans, end + 1, len(whole))
    return head, tail, any(span.start < len(before) or span.end > end + 1 for span in spans)


def hit(view: HitView) -> HitView:
    before, after, hidden = around(view.before, view.matched, view.after)
    second = view.second
    if second is not None:
        heard = text(second.text)
        hidden = hidden or heard != second.text
        second = SecondView(model=second.model, text=heard, outcome=second.outcome)
    if not hidden:
        return view
    return view.model_copy(update={"before": before, "after": after, "second": second, "masked": True})


def alert(view: AlertView) -> AlertView:
    hits = [hit(one) for one in view.hits]
    masked = any(one.masked for one in hits)
    return view.model_copy(update={"hits": hits, "masked": True}) if masked else view


def heard(message: HeardMessage) -> HeardMessage:
    """The words, too: those of one number become one word, with the time of all of them."""
    ghosts = [text(ghost) for ghost in message.ghosts]
    spans = find(message.text)
    if not spans and ghosts == message.ghosts:
        return message
    shown = _replaced(message.text, spans, 0, len(message.text))
    words = _words(message.words, message.text)
    return message.model_copy(update={"text": shown, "words": words, "ghosts": ghosts, "masked": True})


def gap(message: GapNoted) -> GapNoted:
    """Its cause quotes what was taken for no speech."""
    cause = text(message.cause)
    return message if cause == message.cause else message.model_copy(update={"cause": cause})


@singledispatch
def _message(message: Message) -> Message:
    return message


@_message.register
def _(message: HeardMessage) -> Message:
    return heard(message)


@_message.register
def _(message: GapNoted) -> Message:
    return gap(message)


@_message.register
def _(message: AlertRaised) -> Message:
    return message.model_copy(update={"alert": alert(message.alert)})


@_message.register
def _(message: AlertChanged) -> Message:
    return message.model_copy(update={"alert": alert(message.alert)})


def message(shown: Message) -> Message:
    """Any message of the feed, as everybody may see it."""
    return _message(shown)


def _replaced(whole: str, spans: Sequence[Span], start: int, end: int) -> str:
    """The part of the text from `start` to `end`; a span that reaches into it is there with its name."""
    parts, at = [], start
    for span in spans:
        if span.end <= start or span.start >= end:
            continue
        parts += [whole[at : max(at, span.start)], f"[{span.kind.value}]"]
        at = min(end, span.end)
    return "".join([*parts, whole[at:end]])


def _words(words: Sequence[WordView], shown: str) -> list[WordView]:
    """Found again in the words themselves: a message's text is its words, but for the space at its ends."""
    whole = "".join(word.text for word in words)
    spans = find(whole)
    out: list[WordView] = []
    at, last = 0, None
    for word in words:
        begin, at = at, at + len(word.text)
        inside = next((span for span in spans if span.start < at and span.end > begin + _lead(word.text)), None)
        if inside is None:
            out.append(word)
        elif inside is last:
            chances = min(out[-1].probability, word.probability)
            out[-1] = out[-1].model_copy(update={"end": word.end, "probability": chances})
        else:
            lead = word.text[: _lead(word.text)]
            out.append(word.model_copy(update={"text": f"{lead}[{inside.kind.value}]"}))
        last = inside
    return out


def _lead(word: str) -> int:
    return len(word) - len(word.lstrip())
