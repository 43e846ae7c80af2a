import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AlertView, HeardMessage, IncidentView } from '../feed.d.ts'
import { chosen, compare, holder, PLAIN, read, write, type Row } from './filter.ts'
import { place } from './words.ts'

const incident = (id: number, changes: Partial<IncidentView> = {}): IncidentView => ({
  id, status: 'open', severity: 'medium', room: 'lobby', speaker: { id: 's1', name: 'Ann' }, list_name: 'scam', phrase: 'free money',
  phrases: ['free money'], rooms: ['lobby'], room_count: 1, alerts: 1, withdrawn: 0, opened_at: 1, last_at: 1, last_alert: `a${id}`,
  claimed_by: '', claimed_until: 0, escalated_to: '', verdict: null, reason: '', taken: '', decided_by: '', decided_at: 0, ...changes,
})
const row = (id: number, changes: Partial<IncidentView> = {}, text = 'there is free money'): Row => ({
  incident: incident(id, changes), before: '', matched: '', after: '', language: 'en', voice: false, text,
})
const ids = (rows: Row[], filter = {}, who = 'ann', now = 100): number[] =>
  chosen(rows, { ...PLAIN, ...filter }, who, now).map((one) => one.incident.id)

test('a filter goes through the address and back; what is unknown there does not count', () => {
  const filter = { ...PLAIN, q: 'free money', severity: 'high', claim: 'mine', room: 'a b' } as const
  const query = new URLSearchParams(Object.entries(write(filter)).filter(([, value]) => value))
  assert.equal(query.toString(), 'q=free+money&severity=high&claim=mine&room=a+b')
  assert.deepEqual(read(`?${query}`), filter)
  assert.deepEqual(read('?severity=awful&status=&order=constructor'), PLAIN)
})

test('the worst is first, of these what was escalated, then the newest', () => {
  const rows = [row(1), row(2, { severity: 'critical' }), row(3), row(4, { status: 'escalated' })]
  assert.deepEqual(ids(rows), [2, 4, 3, 1])
  assert.deepEqual(ids(rows, { order: 'newest' }), [4, 3, 2, 1])
  assert.equal(Math.sign(compare(incident(1), incident(2), 'worst')), 1)
})

test('what is done is out of sight unless it is asked for; every word must be there, in any order', () => {
  const rows = [row(1, { status: 'done' }), row(2), row(3, {}, 'nothing here')]
  assert.deepEqual(ids(rows), [3, 2])
  assert.deepEqual(ids(rows, { status: 'done' }), [1])
  assert.deepEqual(ids(rows, { q: 'MONEY there' }), [2])
})

test('a claim that is over binds nobody', () => {
  const rows = [row(1, { claimed_by: 'ann', claimed_until: 200 }), row(2, { claimed_by: 'bob', claimed_until: 200 }), row(3, { claimed_by: 'bob', claimed_until: 99 })]
  assert.equal(holder(incident(1, { claimed_by: 'bob', claimed_until: 99 }), 100), '')
  assert.deepEqual([ids(rows, { claim: 'mine' }), ids(rows, { claim: 'others' }), ids(rows, { claim: 'free' })], [[1], [2], [3]])
})

test('a room is found in an incident of several rooms, and severity means that and worse', () => {
  const rows = [row(1, { rooms: ['lobby', 'bar'], room_count: 2 }), row(2, { severity: 'low', room: 'bar', rooms: ['bar'] })]
  assert.deepEqual(ids(rows, { room: 'bar' }), [1, 2])
  assert.deepEqual(ids(rows, { severity: 'medium' }), [1])
})

test('words lie in the time of the clip, and only the speaker’s own are hits', () => {
  const hit = {
    list_name: 'l', list_version: '1', phrase: 'free money', severity: 'high', matched: 'free money', before: '', after: '', probability: 1,
    spoken_at: 1012, grade: 'A', way: 'exact', likeness: 1, second: null, masked: false,
  }
  const alert = { id: 'a', room: 'lobby', speaker: { id: 's1', name: 'Ann', talking: false, voice: null }, hits: [hit] } as unknown as AlertView
  const said = (speaker: string): HeardMessage =>
    ({
      seq: 1, at: 0, type: 'heard', room: 'lobby', speaker: { id: speaker, name: speaker }, utterance: speaker, began: 1010, seconds: 3,
      words: [{ text: ' free', start: 1, end: 1.4, probability: 0.9 }, { text: ' money', start: 1.4, end: 2, probability: 0.9 }, { text: ' now', start: 2, end: 2.4, probability: 0.9 }],
    }) as unknown as HeardMessage
  const [own, other] = place(alert, [said('s1'), said('s2')], 1004)
  assert.deepEqual(own?.words.map((word) => [word.text, Math.round(word.start * 10) / 10, word.hit]), [[' free', 7, true], [' money', 7.4, true], [' now', 8, false]])
  assert.deepEqual([own?.own, other?.own, other?.words.some((word) => word.hit)], [true, false, false])
})
