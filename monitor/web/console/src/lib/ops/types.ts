// Answers of the service's API that the operators' pages show; docs/reference/api.md has the routes.
import type { CanaryRan, CoverageView, HitView, VoiceDetectorView } from '../feed'
import type { Severity } from '../format.ts'

export type SpanState =
  | 'examined' | 'vetoed' | 'pending' | 'silence' | 'lost-network' | 'lost-overload' | 'lost-error' | 'not-consented'

export interface Span {
  at: number
  seconds: number
  state: SpanState
  cause: string
}

export interface Mark {
  alert: string
  at: number
  severity: Severity
  state: string
  phrase: string
}

export interface SpeakerLane {
  speaker: string
  name: string
  talking: boolean
  present: { at: number; seconds: number; open: boolean }[]
  spans: Span[]
  alerts: Mark[]
  coverage: CoverageView
}

export interface RoomLane {
  room: string
  name: string
  state: string
  canary: boolean
  states: { at: number; seconds: number; state: 'live' | 'away' | 'failed' | 'off'; detail: string }[]
  lost: Span[]
  speakers: SpeakerLane[]
}

export interface Timeline {
  since: number
  until: number
  rooms: RoomLane[]
  whole: boolean
}

export interface Moment {
  at: number
  waiting: number
  oldest: number
  heard: number
  busy: number
  lost: number
  alerts: number
  cpu: number
  memory: number
  late: number
  effort: number
  lag: number
}

/** Seconds: the median, and what 95 of 100 are at most. */
export interface Spread {
  half: number
  most: number
  count: number
}

export interface RoomStanding {
  room: string
  name: string
  kind: string
  state: string
  detail: string
  away: number | null
  speakers: number
  canary: boolean
  coverage: CoverageView
}

export interface Status {
  at: number
  began: number
  version: string
  reasons: string[]
  model: string
  second_model: string
  voices: VoiceDetectorView | null
  lists: string[]
  problems: string[]
  canary: CanaryRan | null
  canary_on: boolean
  coverage: CoverageView
  load: {
    waiting: number
    oldest: number
    backlog: number
    threads: number
    late: number
    effort: number
    effort_words: string
    real_time: number | null
    parts: Partial<Record<string, number>>
    stages: Partial<Record<string, Spread>>
    text_delay: Spread | null
    alert_delay: number[]
    feed_clients: number
    feed_overruns: number
    history: Moment[]
  }
  machine: { cores: number; load: number; memory: number }
  storage: {
    parts: { name: string; bytes: number; files: number }[]
    free: number
    total: number
    keep_days: number
    utterances: number
    alerts: number
    oldest: number | null
  }
  rooms: RoomStanding[]
}

export interface Probe {
  room: string
  at: number
  failed: string | null
  reason: string
  advice: string
  took: number
  steps: { step: string; outcome: 'ok' | 'failed' | 'not tried'; at: number | null; detail: string }[]
  present: string[]
  heard: string[]
}

// keyword lists

export type RuleState = 'draft' | 'shadow' | 'live' | 'retired'

export interface ListSummary {
  name: string
  title: string
  version: string
  state: RuleState
  severity: Severity
  languages: string[]
  owner: string
  note: string
  expires: string | null
  floor: number | null
  rules: number
  exceptions: number
}

export interface RuleView {
  label: string
  kind: 'phrase' | 'pattern' | 'combination'
  text: string
  state: RuleState
  own_state: RuleState | null
  severity: Severity
  note: string
}

export interface ListView {
  summary: ListSummary
  rules: RuleView[]
  exceptions: string[]
  content: string
  etag: string
  problem: string
}

export interface Problem {
  line: number
  column: number
  reason: string
  mend: string
}

export interface Remark {
  grade: 'wrong' | 'warning' | 'hint'
  line: number
  rule: string
  what: string
  mend: string
}

export interface LintReport {
  name: string
  version: string
  rules: number
  problems: Problem[]
  remarks: Remark[]
}

export interface Change {
  rule: string
  setting: string
  before: string
  after: string
}

export interface Difference {
  lines: string
  settings: Change[]
  added: string[]
  removed: string[]
  changed: Change[]
  exceptions_added: string[]
  exceptions_removed: string[]
}

export interface Written {
  name: string
  before: string
  version: string
  etag: string
  state: RuleState
  difference: Difference
  remarks: Remark[]
}

export interface History {
  versions: { version: string; who: string; why: string; at: number }[]
  states: { rule: string; state: RuleState | null; who: string; why: string; at: number }[]
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
  floor: number | null
  state: RuleState | null
}

export interface HitCount {
  list_name: string
  rule: string
  state: RuleState
  grade: HitView['grade']
  hits: number
  alerted: number
}

export interface NearMiss {
  id: number
  at: number
  room: string
  list_name: string
  rule: string
  matched: string
  before: string
  after: string
  likeness: number
  wanted: number
  cause: string
}

export interface Suggestion {
  rule: string
  exception: string
  wrong: number
  share: number
  examples: string[]
}

export interface TrialHit {
  change: 'gained' | 'lost' | 'regraded'
  rule: string
  utterance: string
  room: string
  spoken_at: number
  before: string
  matched: string
  after: string
  old: string | null
  new: string | null
  alert: string
  clip: string
}

export interface Trial {
  id: string
  name: string
  state: 'running' | 'done' | 'cancelled' | 'failed'
  done: number
  total: number
  took: number
  detail: string
  report: {
    utterances: number
    hours: number
    speech_hours: number
    gained: number
    lost: number
    regraded: number
    alerts_an_hour: number
    alerts_an_hour_before: number
    rules: {
      rule: string
      hits_before: number
      hits: number
      gained: number
      lost: number
      regraded: number
      alerts_before: number
      alerts: number
    }[]
    examples: TrialHit[]
    took: number
  } | null
}

export interface TestHit {
  state: RuleState
  hit: HitView
}
