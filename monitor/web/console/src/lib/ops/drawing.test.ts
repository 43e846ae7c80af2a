import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byState, clustered, diffLines, NARROW, path, percentAt, roundUp, spanAt, ticks, WIDE } from './drawing.ts'
import type { Mark, Span } from './types'

const window = { since: 1000, until: 2000 }
const span = (at: number, seconds: number, state: Span['state']): Span => ({ at, seconds, state, cause: '' })

test('a stretch lies where its time is, clipped to the line', () => {
  assert.equal(path([span(1500, 250, 'examined')], window, 0, 10), 'M500.00 0h250.00v10h-250.00z')
  assert.equal(path([span(900, 200, 'examined')], window, 0, 10), 'M0.00 0h100.00v10h-100.00z')
  assert.equal(path([span(100, 200, 'examined'), span(2100, 5, 'examined')], window, 0, 10), '')
})

test('the shortest loss is still seen', () => {
  assert.equal(path([span(1500, 0.001, 'lost-network')], window, 0, 10), `M500.00 0h${NARROW.toFixed(2)}v10h-${NARROW.toFixed(2)}z`)
  assert.equal(percentAt(1500, window), 50)
  assert.equal(WIDE, 1000)
})

test('what was lost is drawn last and found first', () => {
  const spans = [span(1000, 100, 'lost-network'), span(1000, 500, 'examined')]
  assert.deepEqual(byState(spans).map(([state]) => state), ['examined', 'lost-network'])
  assert.equal(spanAt(spans, 1050, 0)?.state, 'lost-network')
  assert.equal(spanAt(spans, 1300, 0)?.state, 'examined')
  assert.equal(spanAt(spans, 1700, 0), null)
  assert.equal(spanAt(spans, 1501, 2)?.state, 'examined')
})

test('marks close to each other are one sign', () => {
  const mark = (at: number): Mark => ({ alert: String(at), at, severity: 'high', state: 'open', phrase: '' })
  assert.deepEqual(clustered([mark(1100), mark(1101), mark(1500)], window).map((one) => one.marks.length), [2, 1])
})

test('the axis has round times inside the line', () => {
  const made = ticks({ since: 1_000_007, until: 1_000_907 })
  assert.ok(made.length >= 3 && made.length <= 8)
  assert.ok(made.every((time) => time >= 1_000_007 && time <= 1_000_907 && time % 60 === 0))
})

test('the top of a curve is a round number', () => {
  assert.deepEqual([0, 0.3, 1, 13, 51, 700].map(roundUp), [1, 0.5, 1, 20, 100, 1000])
})

test('a diff is cut into lines without the names of the files', () => {
  const lines = diffLines('--- a\n+++ b\n@@ -1 +1 @@\n phrases\n-old\n+new\n')
  assert.deepEqual(lines.map((line) => [line.kind, line.text]), [
    ['place', '@@ -1 +1 @@'], ['same', 'phrases'], ['removed', 'old'], ['added', 'new'],
  ])
})
