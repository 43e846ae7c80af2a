"""WHEP servers that misbehave: what is asked of them, and what the monitor makes of their answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.errors import ConfigInvalid, ConnectionLost, Refused, RoomError, Step
from monitor.model import Origin
from monitor.rooms.connector import Session
from monitor.rooms.whep import http, line
from monitor.rooms.whep.connector import WhepConnector
from monitor.rooms.whep.protocol import Place, Stream
from tests.helpers.people import Ear, tone
from tests.helpers.room_server import until
from tests.helpers.turn_server import certify
from tests.peers.whep_awry import AwryWhep, Reply, awry_whep


@pytest.fixture
async def server() -> AsyncIterator[AwryWhep]:
    async with awry_whep(tone(400, 0.5)) as server:
        yield server


class Visit:
    """A visit with an ear for each track."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ears: list[Ear] = []
        self.error: RoomError | None = None  # how it ended

    def ear(self, name: str) -> Ear:
        return next(ear for ear in reversed(self.ears) if ear.track.speaker.name == name)

    async def follow(self, group: asyncio.TaskGroup) -> None:
        try:
            async for track in self.session.tracks():
                self.ears.append(Ear(track))
                group.create_task(self.ears[-1].listen())
        except (ConnectionLost, Refused) as error:
            self.error = error


@asynccontextmanager
async def visiting(*servers: AwryWhep, token: str = "", patience: float = 1.0) -> AsyncIterator[Visit]:
    """Each server's stream is called by its number."""
    async with asyncio.TaskGroup() as group, connector(*servers, token=token, patience=patience).join() as session:
        visit = Visit(session)
        group.create_task(visit.follow(group))
        yield visit


def connector(*servers: AwryWhep, token: str = "", patience: float = 1.0) -> WhepConnector:
    place = Place(tuple(Stream(each.url, str(number), token) for number, each in enumerate(servers)))
    return WhepConnector(lambda: place, patience, poll=0.2)


async def heard(visit: Visit, seconds: float = 0.3) -> None:
    await until(lambda: bool(visit.ears) and visit.ears[-1].origins[Origin.HEARD] * 0.02 > seconds)


async def test_what_is_asked_is_what_the_specification_wants(server: AwryWhep) -> None:
    async with visiting(server, token="sesame") as visit:
        await heard(visit)
    post = server.asked[0]
    assert (post.method, post.headers["content-type"]) == ("POST", "application/sdp")
    assert post.headers["authorization"] == "Bearer sesame"
    assert post.headers["user-agent"].startswith("RoomMonitor/")
    assert {"a=recvonly", "a=rtcp-mux-only", "a=setup:actpass"} <= set(post.body.splitlines())
    assert server.count("DELETE") == 1
    assert server.asked[-1].headers["authorization"] == "Bearer sesame"
    assert "if-match" not in server.asked[-1].headers
    assert not server.sessions


async def test_without_a_token_none_is_sent(server: AwryWhep) -> None:
    async with visiting(server):
        pass
    assert all("authorization" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(
    ("status", "kind", "step"),
    [
        (400, Refused, Step.ROOM),
        (401, Refused, Step.PERMISSION),
        (403, Refused, Step.PERMISSION),
        (404, ConnectionLost, Step.ROOM),
        (405, Refused, Step.ROOM),
        (406, Refused, Step.MEDIA),
        (410, ConnectionLost, Step.ROOM),
        (415, Refused, Step.ROOM),
        (429, ConnectionLost, Step.SIGNALLING),
        (300, Refused, Step.ROOM),
        (500, ConnectionLost, Step.SIGNALLING),
        (503, ConnectionLost, Step.SIGNALLING),
    ],
)
async def test_a_refusal_is_told_from_what_may_pass(
    server: AwryWhep, status: int, kind: type[RoomError], step: Step
) -> None:
    server.replies.append(Reply(status, {"Content-Type": "text/plain"}, "because of the moon"))
    with pytest.raises(kind, match=f"answered {status} .because of the moon") as caught:
        async with connector(server).join():
            pass
    assert caught.value.step is step


async def test_who_answers_late_is_waited_for(server: AwryWhep) -> None:
    server.late = 0.5
    async with visiting(server) as visit:
        await heard(visit)


async def test_who_never_answers_is_lost(server: AwryWhep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.3)
    server.deaf_to.add("POST")
    with pytest.raises(ConnectionLost, match="does not answer"):
        async with connector(server).join():
            pass


async def test_a_stream_that_is_not_live_is_asked_for_again_when_the_server_says(server: AwryWhep) -> None:
    server.replies.extend([Reply(409, {"Retry-After": "1"}), None])
    async with visiting(server) as visit:
        assert visit.session.roster() == ()
        await heard(visit)
    first, second = (asked.at for asked in server.asked if asked.method == "POST")
    assert second - first >= 1.0
    assert visit.ears[0].origins[Origin.LOST] == 0


async def test_a_server_that_asks_to_wait_is_left_alone_also_by_the_next_join(server: AwryWhep) -> None:
    server.replies.extend([Reply(503, {"Retry-After": "60"})] * 2)
    joining = connector(server)
    for _ in range(2):
        with pytest.raises(ConnectionLost):
            async with joining.join():
                pass
    assert server.count("POST") == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_followed_with_the_same_question(server: AwryWhep, status: int) -> None:
    async with awry_whep(tone(1000, 0.5)) as other:
        server.replies.append(Reply(status, {"Location": f"http://127.0.0.1:{other.port}/there"}))
        async with visiting(server, token="sesame") as visit:
            await heard(visit)
        assert round(visit.ears[0].pitch / 50) * 50 == 1000
        assert [asked.method for asked in server.asked] == ["POST"]
        assert [(asked.method, asked.headers["authorization"]) for asked in other.asked] == [
            ("POST", "Bearer sesame"),
            ("DELETE", "Bearer sesame"),
        ]
        assert other.asked[0].path == "/there"
        assert other.asked[0].body == server.asked[0].body


async def test_redirects_without_end_are_refused(server: AwryWhep) -> None:
    server.replies.extend([Reply(307, {"Location": "/whep"})] * 20)
    with pytest.raises(Refused, match="again and again"):
        async with connector(server).join():
            pass


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """For servers with a certificate for localhost that we believe."""
    certify(tmp_path, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    http.tls.cache_clear()
    yield context
    http.tls.cache_clear()


async def test_https_is_spoken_and_not_left_for_http(trusted: ssl.SSLContext, server: AwryWhep) -> None:
    async with awry_whep(tone(1000, 0.5), trusted) as secure:
        async with visiting(secure, token="sesame") as visit:
            await heard(visit)
        secure.replies.append(Reply(307, {"Location": server.url}))
        with pytest.raises(Refused, match="from https to http"):
            async with connector(secure, token="sesame").join():
                pass
    assert server.asked == []


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(trusted: ssl.SSLContext) -> None:
    http.tls.cache_clear()
    async with awry_whep(tone(1000, 0.5), trusted) as secure:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("SSL_CERT_FILE")
            with pytest.raises(ConnectionLost, match="can't be reached"):
                async with connector(secure).join():
                    pass
    assert secure.asked == []


async def test_a_description_with_candidates_without_end_is_refused(server: AwryWhep) -> None:
    rows = "".join(f"a=candidate:{n} 1 udp 1 192.0.2.1 {n} typ host\r\n" for n in range(1, 200))
    server.replies.append(Reply(201, {"Content-Type": "application/sdp"}, f"v=0\r\n{rows}"))
    with pytest.raises(Refused, match="candidates"):
        async with connector(server).join():
            pass


@pytest.mark.parametrize("kind", ["text/html", "application/json", ""])
async def test_an_answer_that_is_no_description_is_refused_and_its_session_ended(server: AwryWhep, kind: str) -> None:
    server.kind = kind
    with pytest.raises(Refused, match="is it a WHEP endpoint"):
        async with connector(server).join():
            pass
    assert not server.sessions


async def test_a_description_that_is_none_is_refused(server: AwryWhep) -> None:
    server.replies.append(Reply(201, {"Content-Type": "application/sdp"}, "v=0\r\nthis is no description"))
    with pytest.raises(Refused, match="can't be used"):
        async with connector(server).join():
            pass


async def test_a_connection_that_breaks_in_the_middle_of_the_answer_is_lost(server: AwryWhep) -> None:
    server.cut = True
    with pytest.raises(ConnectionLost, match="can't be reached"):
        async with connector(server).join():
            pass


async def test_leaving_does_not_wait_for_a_server_that_ignores_it(
    server: AwryWhep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "LEAVE_SECONDS", 0.2)
    server.deaf_to.add("DELETE")
    async with visiting(server) as visit:
        await heard(visit)
    assert server.count("DELETE") == 1


async def test_a_session_without_an_address_is_heard_and_left_without_a_word(server: AwryWhep) -> None:
    server.headers = {"Location": ""}
    async with visiting(server) as visit:
        await heard(visit)
    assert server.count("DELETE") == 0


async def test_who_sends_no_media_is_present_and_not_lost(server: AwryWhep) -> None:
    server.mute = True
    async with visiting(server, patience=0.4) as visit:
        await asyncio.sleep(1.5)
        assert [who.name for who in visit.session.roster()] == ["0"]
        assert visit.ears == []
        assert visit.error is None
    assert server.count("POST") == 1


async def test_an_answer_without_opus_is_refused(server: AwryWhep) -> None:
    server.pcmu = True
    with pytest.raises(Refused, match="does it send Opus") as caught:
        async with connector(server).join():
            pass
    assert caught.value.step is Step.MEDIA


async def test_packets_of_another_codec_are_noticed(server: AwryWhep) -> None:
    server.foreign = True
    async with visiting(server, patience=0.4) as visit:
        await until(lambda: visit.error is not None)
    assert isinstance(visit.error, Refused)
    assert "another codec" in str(visit.error)


async def test_the_servers_own_offer_is_answered(server: AwryWhep) -> None:
    server.counter = True
    async with visiting(server) as visit:
        await heard(visit)
    assert [asked.method for asked in server.asked] == ["POST", "PATCH", "DELETE"]
    assert "a=recvonly" in server.asked[1].body.splitlines()
    assert not server.sessions


async def test_a_join_that_is_cancelled_while_the_server_answers_leaves_no_session(server: AwryWhep) -> None:
    server.late = 0.3

    async def stay() -> None:
        async with connector(server).join():
            raise AssertionError("it was cancelled before")

    async with asyncio.TaskGroup() as group:
        joining = group.create_task(stay())
        await until(lambda: server.count("POST") == 1)
        joining.cancel()
        await asyncio.wait([joining])
    assert server.count("DELETE") == 1
    assert not server.sessions


async def test_a_session_that_the_server_ends_is_begun_anew_and_the_gap_is_told(server: AwryWhep) -> None:
    async with visiting(server) as visit:
        await heard(visit, 1.2)
        await server.end_all()
        before = visit.ears[0].origins[Origin.HEARD]
        await until(lambda: visit.ears[0].origins[Origin.HEARD] > before + 15)
        assert len(visit.ears) == 1
        assert visit.ears[0].contiguous
        assert visit.ears[0].origins[Origin.LOST] > 0
        assert visit.ears[0].causes == {"the server has ended the session"}
        assert visit.error is None


async def test_a_renewed_token_counts_from_the_next_session_on(server: AwryWhep) -> None:
    server.token = "first"
    token = "first"
    joining = WhepConnector(lambda: Place((Stream(server.url, "Ann", token),)), 1.0)
    async with asyncio.TaskGroup() as group, joining.join() as session:
        visit = Visit(session)
        group.create_task(visit.follow(group))
        await heard(visit)
        await asyncio.sleep(1.1)  # what was read counts for a second
        server.token = token = "second"
        await server.end_all()
        before = visit.ears[0].origins[Origin.HEARD]
        await until(lambda: visit.ears[0].origins[Origin.HEARD] > before + 15)
    assert server.asked[-1].headers["authorization"] == "Bearer second"


async def test_a_token_that_cannot_be_read_is_a_refusal() -> None:
    def place() -> Place:
        raise ConfigInvalid("the environment variable STAGE_TOKEN is not set")

    with pytest.raises(Refused, match="STAGE_TOKEN"):
        async with WhepConnector(place).join():
            pass


async def test_one_lost_stream_of_two_does_not_end_the_other_and_comes_back(server: AwryWhep) -> None:
    async with awry_whep(tone(1000, 0.5)) as other, visiting(server, other) as visit:
        await until(lambda: len(visit.ears) == 2 and all(ear.origins[Origin.HEARD] > 15 for ear in visit.ears))
        await server.die()
        lost, kept = visit.ear("0"), visit.ear("1")
        await until(lambda: lost.origins[Origin.LOST] > 30)
        assert "0" in {who.name for who in visit.session.roster()}
        await server.start()
        before = lost.origins[Origin.HEARD]
        await until(lambda: lost.origins[Origin.HEARD] > before + 15)
        assert kept.origins[Origin.LOST] == 0
        assert round(kept.pitch / 50) * 50 == 1000
        assert lost.contiguous
        assert any("nothing has come from the server" in cause or "can't be reached" in cause for cause in lost.causes)
        assert len(visit.ears) == 2
        assert visit.error is None


async def test_a_stream_of_two_that_is_refused_is_recorded_as_unheard(
    server: AwryWhep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "UNHEARD", 0.5)
    async with awry_whep() as other:
        other.token = "another"
        async with visiting(server, other) as visit:
            await until(lambda: len(visit.ears) == 2 and visit.ear("1").origins[Origin.LOST] > 30)
            assert visit.ear("0").origins[Origin.LOST] == 0
            assert "token" in next(iter(visit.ear("1").causes))
            assert other.count("POST") == 1


async def test_with_none_of_its_streams_left_the_visit_is_over(server: AwryWhep) -> None:
    async with awry_whep(tone(1000, 0.5)) as other, visiting(server, other) as visit:
        await until(lambda: len(visit.ears) == 2)
        await server.die()
        await other.die()
        await until(lambda: visit.error is not None)
        assert isinstance(visit.error, ConnectionLost)
        assert "none of 2 streams" in str(visit.error)
        await until(lambda: all(ear.ended for ear in visit.ears))


async def test_a_slow_server_does_not_keep_the_others_from_being_heard(
    server: AwryWhep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.rooms.whep.connector.STRAGGLERS", 0.1)
    async with awry_whep(tone(1000, 0.5)) as other:
        other.deaf_to.add("POST")
        async with visiting(server, other) as visit:
            await heard(visit)
            assert visit.ears[-1].track.speaker.name == "0"
            other.deaf_to.clear()
