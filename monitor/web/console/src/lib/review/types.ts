// Answers of the review part of the API, as /openapi.json has them.
import type { AlertView, HeardMessage, IncidentView } from '../feed'

export interface IncidentPage {
  incidents: IncidentView[]
  /** The newest alert of each, where it is still kept. */
  alerts: AlertView[]
  /** Of the next page; null: no more. */
  after: string | null
}
export interface DecisionView {
  id: number
  act: 'claim' | 'release' | 'hand' | 'escalate' | 'verdict' | 'note' | 'undo'
  who: string
  at: number
  alert: string
  until: number
  to: string
  verdict: Verdict | null
  reason: string
  taken: string
  note: string
  undoes: number
  undone: boolean
}
export type Verdict = 'right' | 'wrong' | 'unsure'
export interface IncidentDetail {
  incident: IncidentView
  /** Oldest first. */
  alerts: AlertView[]
  /** Oldest first. */
  decisions: DecisionView[]
}
export interface Decided {
  incident: IncidentView
  decision: DecisionView
}
export interface Plan {
  /** Seconds that a claim holds. */
  claim: number
  /** Seconds in which an action in a room can be undone. */
  undo: number
  reasons: string[]
  taken: string[]
}
export interface Revision {
  utterance: string
  at: number
  model: string
  language: string
  began: number
  seconds: number
  text: string
}
export interface Around {
  alert: string
  since: number
  until: number
  utterances: HeardMessage[]
  revisions: Revision[]
}
export interface SavedView {
  name: string
  /** What follows the ? in the address. */
  query: string
  at: number
}
export interface ClipInfo {
  alert: string
  state: 'recording' | 'complete'
  /** Unix time of its first sample. */
  began: number
  seconds: number
  address: string
}
export interface Revealed {
  alert: AlertView
  utterances: HeardMessage[]
}
export interface Precision {
  list_name: string
  rule: string
  right: number
  wrong: number
  unsure: number
  value: number | null
  low: number
  high: number
}
