// The keys by which an incident is decided (parts/review/Deciding.svelte): the queue and the page of one alert share them.
import type { Keys } from '../help.svelte.ts'

export const DECIDE: Keys = [
  [['c'], 'key.claim'],
  [['y'], 'key.right'],
  [['x'], 'key.wrong'],
  [['u'], 'key.unsure'],
  [['e'], 'key.escalate'],
  [['h'], 'key.hand'],
  [['n'], 'key.note'],
]
