"""Personal data in a text of what somebody said. Pure.

Telephone numbers (also spoken digit by digit), e-mail addresses (also "ann at mail dot com"), payment cards (Luhn),
bank accounts (IBAN, ISO 13616), identity numbers, street addresses; English and Mandarin. Names of people are none of
it: they can't be told from other words without a model of their own. A long number that is nothing known is hidden too.
What is split over two utterances is found where one of them alone is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from monitor.masking.digits import Run, luhn, runs


class Kind(StrEnum):
    """What it is; shown in its place in brackets."""

    PHONE = "phone"
    EMAIL = "e-mail"
    CARD = "card"
    ACCOUNT = "bank account"
    IDENTITY = "id"
    ADDRESS = "address"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Span:
    start: int  # in characters
    end: int
    kind: Kind


LONG = 7
"""Digits from which a number that is nothing known is hidden."""
_REGIONS = ("US", "GB", "CN")
"""Where numbers without a country's code may be from. Others of 7 digits and more are hidden as numbers."""

_TOP = r"(?:com|net|org|edu|gov|info|io|me|cn|uk|de|fr|eu|co(?:\s*(?:\.|dot|点)\s*[a-z]{2})?)"
_EMAIL = re.compile(
    r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
    rf"|\b[\w-]+(?:\s+(?:dot|underscore|dash|hyphen|plus)\s+[\w-]+)*\s+at\s+[\w-]+(?:\s*\bdot\s+[\w-]+|\.[\w-]+)*?"
    rf"\s*(?:\bdot\s+|\.){_TOP}\b"
    rf"|[A-Za-z0-9_.-]+\s*(?:艾特|小老鼠|@)\s*[A-Za-z0-9-]+\s*点\s*{_TOP}",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
_CHINESE_ID = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_SSN = re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")
_CUE = re.compile(
    r"\b(?:passport|licen[cs]e|social security|ssn|i\.?d\.?|identity|account|pin|password|passcode|verification|"
    r"security)\b(?:\s+(?:number|card|code|no\.?|plate))?(?:\s+(?:is|was|it's|are))?[\s:,]*"
    r"|(?:身份证|护照|驾照|驾驶证|账号|帐号|卡号|密码|验证码|社保)(?:号码|号)?(?:是|为)?[\s：:，,]*",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b(?=[A-Z-]*\d)[A-Z0-9-]{4,}", re.IGNORECASE)
_NUMBER_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred"
_STREET = re.compile(
    rf"\b(?:\d{{1,5}}[A-Z]?|(?:{_NUMBER_WORDS})(?:[\s-]+(?:{_NUMBER_WORDS}|and)){{0,4}}),?\s+"
    r"(?:(?:[NSEW]\.?|north|south|east|west)\s+)?"
    r"(?:(?!(?:and|or|of|in|on|at|to|the|down|up|off|people|more|times)\b)[A-Z0-9][\w'’]*\s+){1,3}"
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|boulevard|blvd|court|crescent|terrace|close|square|highway|hwy|"
    r"parkway|place)\b\.?"
    r"(?:,?\s*(?:apartment|apt|flat|unit|suite|number|#)\.?\s*[\w-]+)?"
    r"(?:,\s*[A-Z][\w .'’-]{1,30}?(?:,?\s+[A-Z]{2})?\s+\d{5}(?:-\d{4})?\b)?",
    re.IGNORECASE,
)
_UK_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b")
_HAN_NUMBER = r"[\d一二三四五六七八九十百零〇两]+"
_CHINESE_STREET = re.compile(
    r"(?:[\u4e00-\u9fff]{2,8}?(?:省|市|自治区|区|县|镇|乡|村))*"
    rf"[\u4e00-\u9fff]{{2,6}}(?:路|街|大道|胡同|巷|弄|道)(?:[东南西北中一二三四五六七八九十]段)?{_HAN_NUMBER}(?:号|弄)"
    rf"(?:院|楼)?(?:\s*{_HAN_NUMBER}(?:号楼|栋|幢|单元|楼|层|室|号|弄))*"
)
_LEAD_IN = re.compile(r"^.*?(?:住在|地址是|家在|位于|在|到|去|是)(?=[\u4e00-\u9fff]{2})")
_MAYBE = re.compile(
    r"\d|@|\bat\b|艾特|小老鼠|[零一二三四五六七八九〇幺两]"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|zero|double|ten|twenty|thirty)\b",
    re.IGNORECASE,
)
"""Without any of these there is nothing: most texts end here."""


def find(text: str) -> list[Span]:
    """What in the text is personal, in order, without overlaps: of two, the one that begins first, then the longer."""
    if not _MAYBE.search(text):
        return []
    found = sorted(_all(text), key=lambda span: (span.start, -span.end))
    kept: list[Span] = []
    for span in found:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end:
            kept[-1] = Span(kept[-1].start, span.end, kept[-1].kind)
    return kept


def _all(text: str) -> Iterator[Span]:
    for pattern, kind in ((_EMAIL, Kind.EMAIL), (_SSN, Kind.IDENTITY), (_CHINESE_ID, Kind.IDENTITY)):
        yield from (Span(*found.span(), kind) for found in pattern.finditer(text))
    for found in _IBAN.finditer(text):
        if _is_iban(found[0]):
            yield Span(*found.span(), Kind.ACCOUNT)
    for pattern in (_STREET, _UK_POSTCODE):
        yield from (Span(*found.span(), Kind.ADDRESS) for found in pattern.finditer(text))
    for found in _CHINESE_STREET.finditer(text):
        lead = _LEAD_IN.match(found[0])
        yield Span(found.start() + (lead.end() if lead else 0), found.end(), Kind.ADDRESS)
    yield from _numbers(text)


def _numbers(text: str) -> Iterator[Span]:
    some = list(runs(text))
    for cue in _CUE.finditer(text):
        code = _CODE.match(text, cue.end())
        if code:
            yield Span(*code.span(), Kind.IDENTITY)
        yield from (
            Span(run.start, run.end, Kind.IDENTITY) for run in some if run.start == cue.end() and len(run.digits) >= 4
        )
    for run in some:
        if len(run.digits) >= LONG and not (run.years and len(run.digits) <= 12):
            yield Span(run.start, run.end, _kind(run))
    if sum(character.isdigit() for character in text) >= LONG:
        for region in _REGIONS:
            for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
                yield Span(match.start, match.end, Kind.PHONE)


def _kind(run: Run) -> Kind:
    if 13 <= len(run.digits) <= 19 and luhn(run.digits):
        return Kind.CARD
    for region in _REGIONS:
        try:
            number = phonenumbers.parse(run.digits, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return Kind.PHONE
    return Kind.NUMBER


def _is_iban(text: str) -> bool:
    """Whether the check digits are right (ISO 7064, MOD 97-10)."""
    bare = re.sub(r"[ -]", "", text).upper()
    moved = bare[4:] + bare[:4]
    return 15 <= len(bare) <= 34 and int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
