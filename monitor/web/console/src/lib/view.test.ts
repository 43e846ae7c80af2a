import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AlertView, CanaryRan, FeedMessage, HeardMessage, Hello, HitView, RoomView, VoiceChanged, VoiceView } from './feed.d.ts'
import { between, foundHow, percent, span } from './format.ts'
import { marked, phrasesIn, runs } from './marks.ts'
import { pause } from './backoff.ts'
import { apply, emptyView, MOST_ALERTS, MOST_LINES, type View } from './view.ts'

const nothing = { pending: 0, silence: 0, examined: 0, vetoed: 0, lost_network: 0, lost_overload: 0, lost_error: 0 }
const coverage = { ...nothing, not_consented: 0, total: 0, share: null }
const ada = { id: 'a', name: 'Ada', talking: false, voice: null }
const room: RoomView = { id: 'demo', name: 'Demo', state: 'live', detail: '', page: '', canary: false, removed: false, speakers: [ada], coverage }

const hello = (seq: number, after: number): Hello => ({
  type: 'hello', version: '1', seq, after, truncated: false, model: 'base', lists: [], problems: [], rooms: [room], heartbeat: 5, voices: null,
})
const heard = (seq: number): HeardMessage => ({
  type: 'heard', seq, at: seq, room: 'demo', speaker: ada, utterance: `u${seq}`, began: seq, seconds: 1, language: 'en',
  text: 'we kill it', cut: 'silence', model: 'base', took: 0.1, ghosts: [],
  words: [' We', ' kill', ' it.'].map((text) => ({ text, start: 0, end: 1, probability: 1 })),
})
const alertOf = (id: string, more: Partial<AlertView> = {}): AlertView => ({
  id, room: 'demo', speaker: ada, utterance: 'u1', severity: 'high', state: 'open', count: 1, language: 'en',
  spoken_at: 2, raised_at: 3, delay: 1, clip: '', voice: null,
  hits: [{ list_name: 'l', list_version: 'v', phrase: 'kill', severity: 'high', matched: 'kill', before: '', after: '', probability: 1, spoken_at: 1.9, grade: 'A', way: 'exact', likeness: 1, second: null }],
  ...more,
})
const raise = (seq: number, id = `alert${seq}`): FeedMessage => ({ type: 'alert', seq, at: seq, alert: alertOf(id) })
const after = (...messages: FeedMessage[]): View => messages.reduce(apply, emptyView())

test('a number that was seen changes nothing, so a resumed feed shows nothing twice', () => {
  const view = after(hello(0, 0), heard(1), raise(2))
  assert.equal(after(hello(0, 0), heard(1), raise(2), hello(2, 0), heard(1), raise(2)).lines.length, 1)
  assert.equal(apply(view, raise(2)).alerts.length, 1)
  assert.equal(view.seq, 2)
})

test('history makes no noise; what comes later, also while the line was down, does', () => {
  const view = after(hello(2, 0), raise(1), raise(2))
  assert.deepEqual([view.unseen, view.alerts[0]?.fresh], [0, false])
  const later = [hello(4, 2), raise(3), raise(4)].reduce(apply, view)
  assert.deepEqual([later.unseen, later.alerts[0]?.fresh], [2, true])
})

test('older room messages do not overwrite the present state that hello gave', () => {
  const old: FeedMessage = { type: 'room', seq: 3, at: 0, room: { ...room, state: 'joining', speakers: [] } }
  const left: FeedMessage = { type: 'speaker', seq: 4, at: 0, room: 'demo', speaker: ada, change: 'left' }
  const view = after(hello(9, 0), old, left)
  assert.equal(view.rooms[0]?.state, 'live')
  assert.equal(view.rooms[0]?.speakers.length, 1)
  assert.equal(view.lines.length, 2)
  assert.equal(apply(view, { ...left, seq: 10 }).rooms[0]?.speakers.length, 0)
  assert.equal(apply(view, { ...old, seq: 11 }).rooms[0]?.state, 'joining')
  const gone: FeedMessage = { type: 'room', seq: 12, at: 0, room: { ...room, state: 'left', removed: true } }
  assert.equal(apply(view, gone).rooms.length, 0)
})

test('a service with a lower number has a new history: the old one is cleared', () => {
  const view = after(hello(50, 40), heard(50), raise(51), hello(3, 3))
  assert.deepEqual([view.lines.length, view.alerts.length, view.seq], [0, 0, 3])
})

test('memory is bounded, and the newest stay', () => {
  let view = after(hello(0, 0))
  for (let seq = 1; seq <= MOST_LINES + 5; seq++) view = apply(view, heard(seq))
  for (let seq = 1000; seq < 1005 + MOST_ALERTS; seq++) view = apply(view, raise(seq))
  assert.equal(view.lines.length, MOST_LINES)
  assert.equal((view.lines.at(-1) as HeardMessage).seq, MOST_LINES + 5)
  assert.equal(view.alerts.length, MOST_ALERTS)
  assert.equal(view.alerts[0]?.seq, 1004 + MOST_ALERTS)
})

test('a changed alert stays one alert at its place, and counts as unseen only when it escalates', () => {
  const view = after(hello(0, 0), raise(1, 'x'), raise(2, 'y'))
  const change = (seq: number, more: Partial<AlertView>): FeedMessage => ({
    type: 'alert_changed', seq, at: seq, alert: alertOf('x', more),
  })
  const twice = apply(view, change(3, { count: 2 }))
  assert.deepEqual(twice.alerts.map((a) => [a.alert.id, a.alert.count]), [['y', 1], ['x', 2]])
  assert.equal(twice.unseen, 2)
  assert.equal(apply(twice, change(4, { count: 3, state: 'escalated' })).unseen, 3)
  const confirmed = apply(twice, change(4, { state: 'confirmed' }))
  assert.equal(confirmed.unseen, 2)
  assert.equal(apply(confirmed, change(5, { count: 3, state: 'escalated' })).unseen, 3)
  assert.equal(apply(twice, change(4, { state: 'withdrawn' })).alerts[1]?.alert.state, 'withdrawn')
})

test('how much is done follows the service: as of the hello, then step by step', () => {
  const busy: FeedMessage = { type: 'effort', seq: 5, at: 0, step: 2, words: '', oldest_seconds: 2, waiting_seconds: 30, late_seconds: 0 }
  const view = after({ ...hello(3, 0), effort: 1 }, { ...busy, seq: 2, step: 3 })
  assert.equal(view.effort, 1, 'history is not the present')
  assert.equal(apply(view, busy).effort, 2)
  assert.equal(apply(apply(view, busy), { ...busy, seq: 6, step: 0 }).effort, 0)
})

test('another model is told of once it hears, and not where it failed or hears one language', () => {
  const used: FeedMessage = { type: 'model', seq: 5, at: 0, model: 'small', before: 'base', language: '', outcome: 'used', detail: '', took: 1 }
  const view = after({ ...hello(3, 0), model: 'base' })
  assert.equal(apply(view, used).model, 'small')
  assert.equal(apply(view, { ...used, outcome: 'failed' }).model, 'base')
  assert.equal(apply(view, { ...used, language: 'zh' }).model, 'base')
  assert.equal(apply(view, { ...used, seq: 2 }).model, 'base', 'history is not the present')
})

test('behind shows until it recovers; talking and coverage reach their room', () => {
  const slow: FeedMessage = { type: 'behind', seq: 1, at: 0, waiting_seconds: 40, lost_seconds: 0, recovered: false }
  const view = after(hello(0, 0), slow)
  assert.equal(view.behind?.waiting_seconds, 40)
  assert.equal(apply(view, { ...slow, seq: 2, recovered: true }).behind, null)
  const talks = apply(view, { type: 'talking', room: 'demo', speaker: 'a', talking: true })
  assert.equal(talks.rooms[0]?.speakers[0]?.talking, true)
  const covered = apply(view, { type: 'coverage', room: 'demo', coverage: { ...coverage, examined: 7 } })
  assert.equal(covered.rooms[0]?.coverage.examined, 7)
})

test('the words of a hit are marked, whole words before parts, and scripts without spaces too', () => {
  const words = (...texts: string[]) => texts.map((text) => ({ text, start: 0, end: 0, probability: 1 }))
  assert.deepEqual([...marked(words(' I', ' Skill', ' kill', ' you!'), ['kill you'])], [2, 3])
  assert.deepEqual([...marked(words(' skill', ' kill'), ['kill'])], [1])
  assert.deepEqual([...marked(words('我要', '杀了你'), ['杀了'])], [1])
  assert.deepEqual([...marked(words(' nothing'), ['', '!'])], [])
})

test('neighbours of one kind are one run, with the space before it outside', () => {
  const words = [[' I', 0.9], [' kill', 0.9], [' you', 0.3], [' maybe', 0.2]] as const
  const made = runs(words.map(([text, probability]) => ({ text, start: 0, end: 0, probability })), new Set([1, 2]), 0.5)
  assert.deepEqual(made.map((r) => [r.lead, r.text, r.kind]), [[' ', 'I', 'plain'], [' ', 'kill you', 'hit'], [' ', 'maybe', 'unsure']])
  assert.equal(made[1]?.probability, 0.3)
})

test('a hit marks the utterance in which it was said, also when it was merged into an older alert', () => {
  const view = after(hello(0, 0), raise(5, 'x'))
  assert.deepEqual(phrasesIn(heard(1), view.alerts), ['kill'])
  assert.deepEqual(phrasesIn(heard(9), view.alerts), [])
  assert.deepEqual(phrasesIn({ ...heard(1), speaker: { ...ada, id: 'b' } }, view.alerts), [])
  const [first] = alertOf('x').hits
  assert.ok(first)
  const again = alertOf('x', { count: 2, hits: [first, { ...first, matched: 'kill it', spoken_at: 9.8 }] })
  const repeated = apply(view, { type: 'alert_changed', seq: 6, at: 6, alert: again })
  assert.deepEqual(phrasesIn(heard(9), repeated.alerts), ['kill it'])
})

test('what was withdrawn is marked no longer, and a combination in all of its parts', () => {
  const [first] = alertOf('x').hits
  assert.ok(first)
  const told = (hit: HitView): View =>
    after(hello(0, 0), { type: 'alert', seq: 5, at: 5, alert: alertOf('x', { hits: [hit] }) })
  const second = { model: 'big', text: 'we fill it' }
  assert.deepEqual(phrasesIn(heard(1), told({ ...first, second: { ...second, outcome: 'withdrawn' } }).alerts), [])
  assert.deepEqual(phrasesIn(heard(1), told({ ...first, second: { ...second, outcome: 'confirmed' } }).alerts), ['kill'])
  assert.deepEqual(phrasesIn(heard(1), told({ ...first, matched: 'kill … at dawn' }).alerts), ['kill', 'at dawn'])
})

test('of the canary only its failures are shown', () => {
  const quiet = after({ ...hello(0, 0), rooms: [{ ...room, canary: true }] }, heard(1), raise(2))
  assert.deepEqual([quiet.lines.length, quiet.alerts.length, quiet.seq], [0, 0, 2])
  const ran = (seq: number, outcome: CanaryRan['outcome']): FeedMessage => ({
    type: 'canary', seq, at: seq, room: 'demo', list_name: 'l', phrase: 'p', outcome, delay: null, within: 15, alert: '',
    asked: false, detail: 'not alerted within 60 s',
  })
  assert.equal(apply(quiet, ran(3, 'heard')).lines.length, 0)
  assert.equal(apply(quiet, ran(3, 'missed')).lines.length, 1)
})

test('how a hit was found is said only where it is not as its list has it', () => {
  const [hit] = alertOf('x').hits
  assert.ok(hit)
  assert.equal(foundHow(hit), '')
  assert.equal(foundHow({ ...hit, way: 'sound', likeness: 0.876 }), 'sounds 88 % alike')
})

test('a share is never rounded up to 100 %, and times read as people say them', () => {
  assert.deepEqual([percent(1), percent(0.99999), percent(0.998)], ['100 %', '99.9 %', '99.8 %'])
  assert.deepEqual([span(1.26), span(42), span(125), span(7620)], ['1.3 s', '42 s', '2 min 05 s', '2 h 07 min'])
})

test('a quotation is joined as its script is written', () => {
  assert.deepEqual([between('will', 'kill'), between('kill', '.'), between('我就', '杀了你'), between('', 'kill')], [' ', '', '', ''])
})

test('waits grow to ten seconds, with jitter', () => {
  assert.deepEqual([pause(0, () => 0), pause(0, () => 1), pause(20, () => 1)], [250, 500, 10_000])
})

test('a rule that demoted itself is a line of the stream', () => {
  const message: FeedMessage = {
    type: 'rule_state', seq: 5, at: 5, list_name: 'scams-en', rule: 'free money', state: 'shadow', before: 'live',
    who: 'room-monitor', why: 'right 2 of 20 times', automatic: true,
  }
  const view = apply(emptyView(), message)
  assert.deepEqual([view.lines, view.seq], [[message], 5])
})

const voiceOf = (state: VoiceView['state']): VoiceView => ({
  state, llr: 3, speech: 9, windows: 3, abstained: [], model: 'net@1', calibration: 'rooms', marks_only: false,
})
const voiced = (seq: number, before: VoiceView['state'], state: VoiceView['state']): VoiceChanged => ({
  type: 'voice', seq, at: seq, room: 'demo', speaker: ada, voice: voiceOf(state), before,
})

test('a marked voice reaches its speaker and is a line; that there is no sign is none', () => {
  const quiet = after(hello(0, 0), voiced(1, 'not-enough-speech', 'no-sign'))
  assert.deepEqual([quiet.rooms[0]?.speakers[0]?.voice?.state, quiet.lines.length], ['no-sign', 0])
  const marked = apply(quiet, voiced(2, 'no-sign', 'alert'))
  assert.deepEqual([marked.rooms[0]?.speakers[0]?.voice?.state, marked.lines.length], ['alert', 1])
  const cleared = apply(marked, voiced(3, 'alert', 'no-sign'))
  assert.deepEqual([cleared.rooms[0]?.speakers[0]?.voice?.state, cleared.lines.length], ['no-sign', 2])
  const now = apply(cleared, { type: 'voice_now', room: 'demo', speaker: 'a', voice: { ...voiceOf('no-sign'), llr: -1 } })
  assert.deepEqual([now.rooms[0]?.speakers[0]?.voice?.llr, now.lines.length, now.seq], [-1, 2, 3])
})

test('a voice of the history does not overwrite the present one', () => {
  const view = after(hello(9, 0), voiced(4, 'no-sign', 'suspicious'))
  assert.deepEqual([view.rooms[0]?.speakers[0]?.voice, view.lines.length], [null, 1])
})

test('a voice detector that failed is shown as it is now, and is a line', () => {
  const detector = { state: 'failed' as const, detail: 'NaN', model: 'net@1', calibration: 'rooms', marks_only: false, claims: [], chance: [] }
  const failed: FeedMessage = { type: 'voice_detector', seq: 5, at: 5, detector }
  const view = after(hello(0, 0), failed)
  assert.deepEqual([view.voices?.state, view.lines], ['failed', [failed]])
  assert.equal(after(hello(9, 0), failed).voices, null)
})

test('what was erased is shown no longer, and the rest stays', () => {
  const elsewhere = { ...heard(2), room: 'other' }
  const view = after(hello(0, 0), heard(1), elsewhere, raise(5, 'x'), raise(6, 'y'))
  const left = apply(view, { type: 'erased', seq: 7, at: 7, rooms: [heard(1).room], alerts: ['x'] })
  assert.deepEqual(left.alerts.map((shown) => shown.alert.id), ['y'])
  assert.deepEqual(left.lines, [elsewhere])
  assert.equal(left.seq, 7)
})

test('a room that is tried every second is one line, until it is back or the reason is another', () => {
  let seq = 0
  const now = (state: RoomView['state'], detail = ''): FeedMessage => ({ type: 'room', seq: ++seq, at: seq, room: { ...room, state, detail } })
  const view = after(
    hello(0, 0), now('waiting', 'no server'), now('joining'), now('waiting', 'no server'), now('joining'),
    now('waiting', 'no such room'), now('joining'), now('live'), now('waiting', 'no such room'),
  )
  const shown = view.lines.map((line) => (line.type === 'room' ? `${line.room.state} ${line.room.detail}`.trim() : line.type))
  assert.deepEqual(shown, ['waiting no server', 'waiting no such room', 'live', 'waiting no such room'])
  assert.equal(view.rooms[0]?.state, 'waiting')
})
