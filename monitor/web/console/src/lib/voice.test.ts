import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VoiceDetectorView, VoiceView } from './feed'
import { abstained, doing, marked, ratio } from './voice.ts'

const voice: VoiceView = {
  state: 'suspicious', llr: 3, speech: 9, windows: 3, model: 'net@1', calibration: 'rooms', marks_only: true,
  abstained: [{ reason: 'too noisy', seconds: 4 }, { reason: 'too short', seconds: 1.5 }],
}
const detector: VoiceDetectorView = {
  state: 'on', detail: '', model: 'net@1', calibration: 'rooms', marks_only: false, claims: [], chance: [],
}

test('a likelihood ratio has two figures and says which way it goes', () => {
  assert.equal(ratio(0), '1 : 1')
  assert.equal(ratio(Math.log(20)), '20 : 1')
  assert.equal(ratio(Math.log(567)), '570 : 1')
  assert.deepEqual([ratio(15), ratio(-15)], ['over 1000 : 1', '1 : over 1000'])
  assert.equal(ratio(-Math.log(2.54)), '1 : 2.5')
})

test('why a detector says nothing is told with its seconds', () => {
  assert.equal(abstained(voice), '4.0 s too noisy, 1.5 s too short')
})

test('only suspicious voices and alerts are marked', () => {
  const states = ['not-enough-speech', 'no-sign', 'suspicious', 'alert'] as const
  assert.deepEqual(states.map((state) => marked({ ...voice, state })), [false, false, true, true])
  assert.equal(marked(null), false)
})

test('a detector that can say nothing, or failed, is not told as one that works', () => {
  assert.equal(doing(detector), 'marks and alerts')
  assert.equal(doing({ ...detector, marks_only: true }), 'marks only')
  assert.equal(doing({ ...detector, state: 'behind' }), "marks and alerts, and can't keep up")
  assert.equal(doing({ ...detector, calibration: '' }), 'not calibrated: it says nothing')
  assert.equal(doing({ ...detector, state: 'failed' }), 'off: it failed')
})
