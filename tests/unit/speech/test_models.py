"""One instance of each model, batches of one model, and another model at run time without losing an utterance."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from monitor.errors import Busy, ModelMissing, ModelUnfit
from monitor.model import Transcript, Utterance, Word
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed
from monitor.speech.choice import Choice
from monitor.speech.models import Models
from monitor.speech.recogniser import Hints, Recogniser
from tests.helpers.utterances import all_is_speech, spoken


class Model:
    """Says its name, in the language that it was told to find; may be made to wait in the middle of a batch."""

    def __init__(self, name: str, language: str = "en") -> None:
        self.model = name
        self.multilingual = not name.endswith(".en")
        self.language = language
        self.probability = 0.9
        self.calls: list[list[str]] = []
        self.began, self.go = threading.Event(), threading.Event()
        self.go.set()

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        self.calls.append([utterance.id for utterance, _ in batch])
        self.began.set()
        assert self.go.wait(30)
        words = (Word(self.model, 0.0, 1.0, self.probability),)
        return [Transcript(u, self.language, words, self.model, 0.0) for u, _ in batch]


class Shelf:
    """Loads models; counts how often."""

    def __init__(self, **languages: str) -> None:
        self.languages = languages
        self.loads: list[str] = []
        self.made: dict[str, Model] = {}
        self.broken: dict[str, Exception] = {}

    def load(self, name: str) -> Recogniser:
        self.loads.append(name)
        if name in self.broken:
            raise self.broken[name]
        self.made[name] = Model(name, self.languages.get(name, "en"))
        return self.made[name]

    def models(self, choice: Choice) -> Models:
        models = Models(choice, self.load, lambda one: f"{one.model} was tried")
        models.begin()
        return models


class Heard:
    """A batcher over models, and what came of it."""

    def __init__(self, models: Models, workers: int = 1, together: int = 8) -> None:
        self.outcomes: list[Outcome] = []
        self.now = 0.0
        self.batcher = Batcher(
            models,
            all_is_speech,
            veto=0.5,
            backlog_seconds=600.0,
            done=self._done,
            clock=lambda: self.now,
            workers=workers,
            together=together,
            models=models,
        )

    async def _done(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def by(self) -> dict[str, str]:
        """Which model heard which utterance."""
        done = (one.transcript for one in self.outcomes if isinstance(one, Transcribed))
        return {transcript.utterance.id: transcript.model for transcript in done}


async def finish(heard: Heard) -> None:
    heard.batcher.close()
    await heard.batcher.run()


def test_each_model_is_loaded_once_however_much_it_hears() -> None:
    shelf = Shelf()
    models = shelf.models(Choice("base", {"zh": "small", "ja": "small"}, {"a": "small", "b": "base"}, smaller="base"))
    assert shelf.loads == ["base", "small"]
    assert models.names == ("base", "small")
    assert models.model == "base"
    chosen = models.choose(spoken("u", room="a"), Hints())
    assert chosen is models.choose(spoken("v"), Hints(("zh",))) is shelf.made["small"]


async def test_a_batch_is_of_one_model() -> None:
    shelf = Shelf()
    heard = Heard(shelf.models(Choice("base", {"zh": "small"})))
    for n in range(6):
        heard.batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints(("zh",) if n % 2 else ("en",)))
    await finish(heard)
    assert shelf.made["base"].calls == [["u0", "u2", "u4"]]
    assert shelf.made["small"].calls == [["u1", "u3"], ["u5"]]


async def test_what_turns_out_to_be_in_another_language_is_heard_by_its_model() -> None:
    shelf = Shelf(base="zh", small="zh")
    heard = Heard(shelf.models(Choice("base", {"zh": "small"})))
    heard.batcher.submit(spoken("unknown", track="a"), Hints())
    heard.batcher.submit(spoken("known", track="b"), Hints(likely="zh"))
    await finish(heard)
    assert heard.by() == {"unknown": "small", "known": "small"}
    assert shelf.made["base"].calls == [["unknown"]]


async def test_english_that_is_doubted_is_heard_by_a_model_that_can_tell() -> None:
    shelf = Shelf(base="zh")
    heard = Heard(shelf.models(Choice("tiny.en", {"zh": "base"})))
    shelf.made["tiny.en"].probability = 0.4
    for name, hints in (
        ("switched", Hints(likely="en")),
        ("english", Hints(("en",))),
        ("either", Hints(("en", "zh"), "en")),
    ):
        heard.batcher.submit(spoken(name, track=name), hints)
    await finish(heard)
    assert heard.by() == {"switched": "base", "english": "tiny.en", "either": "base"}
    sure = Heard(shelf.models(Choice("tiny.en", {"zh": "base"})))
    sure.batcher.submit(spoken("sure"), Hints(likely="en"))
    await finish(sure)
    assert sure.by() == {"sure": "tiny.en"}


async def test_in_haste_nothing_is_heard_twice() -> None:
    shelf = Shelf(base="zh", tiny="zh")
    heard = Heard(shelf.models(Choice("base", {"zh": "small"}, smaller="tiny")))
    heard.batcher.submit(spoken("a", track="a"), Hints())
    heard.now = 60.0
    heard.batcher.follow()
    await finish(heard)
    assert heard.by() == {"a": "tiny"}
    assert shelf.made["small"].calls == []


async def test_rooms_share_the_machine_and_not_the_seconds() -> None:
    shelf = Shelf()
    heard = Heard(shelf.models(Choice("base", rooms={"hall": "large"})), together=1)
    times = {"base": 1.0, "large": 4.0}

    def slow(model: Model) -> None:
        transcribe = model.transcribe

        def longer(batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
            heard.now += times[model.model] * 0.01  # far below what is haste
            return transcribe(batch)

        model.transcribe = longer  # type: ignore[method-assign]

    for model in shelf.made.values():
        slow(model)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(heard.batcher.run())
        for room in ("hall", "lobby"):  # from now on it is known what each costs
            heard.batcher.submit(spoken(f"{room} first", track=f"{room} first", room=room), Hints())
        await heard.batcher.settle()
        heard.outcomes.clear()
        for n in range(16):
            for room in ("hall", "lobby"):
                heard.batcher.submit(spoken(f"{room} {n}", 10.0, track=f"{room} {n}", room=room), Hints())
        heard.batcher.close()
    assert list(heard.by().values())[6:16].count("base") == 8, "once both are ahead of their share"


async def test_another_model_takes_over_between_two_batches_and_nothing_is_lost() -> None:
    shelf = Shelf()
    models = shelf.models(Choice("base"))
    base = shelf.made["base"]
    base.go.clear()
    heard = Heard(models, together=1)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(heard.batcher.run())
        for n in range(4):
            heard.batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
        await asyncio.to_thread(base.began.wait, 30)
        used = await models.use("small")
        assert (used.model, used.before, used.trial) == ("small", "base", "small was tried")
        assert models.model == "small"
        base.go.set()
        heard.batcher.close()
    assert heard.by() == {"u0": "base", "u1": "small", "u2": "small", "u3": "small"}
    assert not [one for one in heard.outcomes if isinstance(one, GivenUp)]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """As in a long run: what only the garbage collector would find stays."""
    gc.disable()
    yield
    gc.enable()


async def test_the_old_one_goes_once_its_last_batch_is_done(no_collector: None) -> None:
    shelf = Shelf()
    models = shelf.models(Choice("base", {"zh": "small"}))
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    weakref.finalize(shelf.made["base"], lambda: loop.call_soon_threadsafe(gone.set))
    heard = Heard(models)
    base = shelf.made.pop("base")
    base.go.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(heard.batcher.run())
        heard.batcher.submit(spoken("u"), Hints())
        await asyncio.to_thread(base.began.wait, 30)
        await models.use("small")
        assert shelf.loads == ["base", "small"]  # it was there
        assert models.names == ("small",)
        assert not gone.is_set()
        base.go.set()
        del base
        await asyncio.wait_for(gone.wait(), 30)
        heard.batcher.close()
    assert heard.by() == {"u": "base"}


@pytest.mark.parametrize("error", [ModelMissing("no files"), ModelUnfit("hears nothing"), MemoryError()])
async def test_where_it_fails_the_old_one_goes_on(error: Exception) -> None:
    shelf = Shelf()
    models = shelf.models(Choice("base"))
    shelf.broken["small"] = error
    with pytest.raises((ModelMissing, ModelUnfit)):
        await models.use("small")
    assert (models.model, models.names, models.choice) == ("base", ("base",), Choice("base"))
    shelf.broken.clear()
    assert (await models.use("small", "zh")).before == "base"
    assert models.names == ("base", "small")


async def test_a_trial_that_fails_keeps_it_out() -> None:
    shelf = Shelf()

    def trial(one: Recogniser) -> str:
        raise ModelUnfit(f"{one.model} hears nothing")

    models = Models(Choice("base"), shelf.load, trial)
    models.begin()
    with pytest.raises(ModelUnfit, match="small hears nothing"):
        await models.use("small")
    assert models.names == ("base",)


async def test_a_model_of_english_alone_is_refused_for_another_language() -> None:
    models = Shelf().models(Choice("base", {"en": "tiny.en"}))
    for name in ("base.en", "tiny.en"):
        with pytest.raises(ModelUnfit, match="English"):
            await models.use(name, "zh")
    assert models.names == ("base", "tiny.en")
    assert (await models.use("tiny.en")).trial == ""


async def test_one_change_at_a_time() -> None:
    shelf = Shelf()
    entered, go = threading.Event(), threading.Event()

    def slow(name: str) -> Recogniser:
        if name == "small":
            entered.set()
            assert go.wait(30)
        return shelf.load(name)

    models = Models(Choice("base"), slow)
    models.begin()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(models.use("small"))
        await asyncio.to_thread(entered.wait, 30)
        with pytest.raises(Busy):
            await models.use("medium")
        room = tasks.create_task(models.take_room("hall", "small"))  # waits, and then it is there
        go.set()
    assert first.result().model == "small"
    assert room.done()
    assert shelf.loads == ["base", "small"]


async def test_a_room_s_model_comes_and_goes_with_it() -> None:
    shelf = Shelf()
    models = shelf.models(Choice("base"))
    await models.take_room("hall", "small")
    assert models.choose(spoken("u", room="hall"), Hints()).model == "small"
    await models.take_room("attic", "small")
    models.drop_room("hall")
    assert models.names == ("base", "small")
    models.drop_room("attic")
    assert models.names == ("base",)
    assert models.choose(spoken("u", room="hall"), Hints()).model == "base"


async def test_one_that_was_given_has_no_others() -> None:
    given = Model("typist")
    models = Models.fixed(given)
    assert models.choose(spoken("u"), Hints(("zh",))) is given
    with pytest.raises(ModelMissing):
        await models.use("base")
    (transcript,) = models.transcribe([(replace(spoken("u"), room="x"), Hints())])
    assert transcript.model == "typist"
