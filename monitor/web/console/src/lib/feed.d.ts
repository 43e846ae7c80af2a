// Generated from monitor/messages.py by scripts/feed-types.mjs: change it there, then `npm run types`.
// The server sends every field, also those with a default, so nothing here is optional.

/** Speech of which the voice detector says nothing. */
export interface AbstainedView {
  reason: 'too short' | 'too quiet' | 'too noisy' | 'music' | 'codec not calibrated for' | 'language not calibrated for' | 'no time for it' | 'the detector failed'
  seconds: number
}

/** The same alert with more hits, escalated, confirmed or withdrawn. */
export interface AlertChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'alert_changed'
  alert: AlertView
}

/** A new alert. It is in the database before this is sent. */
export interface AlertRaised {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'alert'
  alert: AlertView
}

/** An alert with its reason. */
export interface AlertView {
  id: string
  room: string
  speaker: SpeakerView
  utterance: string
  severity: 'info' | 'low' | 'medium' | 'high' | 'critical'
  state: 'open' | 'escalated' | 'confirmed' | 'withdrawn'
  /** Empty where it is about a voice */
  hits: HitView[]
  /** Hits so far, repeats within the cool-down included */
  count: number
  language: string
  /** Unix time at which the hit's last word ended */
  spoken_at: number
  /** Unix time */
  raised_at: number
  /** Seconds from spoken_at to raised_at */
  delay: number
  /** Path of the evidence clip (WAV), or empty */
  clip: string
  /** The reason, where it is about a voice; null: about words */
  voice: VoiceSignView | null
  /** True: personal data is hidden; `POST /api/alerts/{alert}/reveal` shows it */
  masked: boolean
  /** The incident that it is part of; null: of none */
  incident: number | null
}

/** The recogniser can't keep up, or is up again. */
export interface Behind {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'behind'
  /** Seconds of speech that wait */
  waiting_seconds: number
  /** Seconds of speech given up since this began */
  lost_seconds: number
  recovered: boolean
}

/** A known phrase was spoken into the canary's room, and this is what came of it. */
export interface CanaryRan {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'canary'
  room: string
  list_name: string
  /** Label of the rule that must find it */
  phrase: string
  /** slow: alerted, but later than `within`; missed: not alerted; failed: it could not be spoken */
  outcome: 'heard' | 'slow' | 'missed' | 'failed'
  /** Seconds from the end of the recording to the alert; null: none came */
  delay: number | null
  /** Seconds in which the alert is wanted */
  within: number
  /** Id of the alert, or empty */
  alert: string
  /** True: on request; false: it was its time */
  asked: boolean
  /** What happened, in plain words */
  detail: string
}

/** The coverage ledger of a room as it is now. Passing. */
export interface CoverageChanged {
  type: 'coverage'
  room: string
  coverage: CoverageView
}

/** Seconds of speaker time by state of the ledger; `share` is (examined + vetoed) ÷ (examined + vetoed + lost). */
export interface CoverageView {
  pending: number
  silence: number
  examined: number
  vetoed: number
  lost_network: number
  lost_overload: number
  lost_error: number
  not_consented: number
  total: number
  share: number | null
}

/** How much is done for each utterance follows the recogniser's queue, in steps; another one is taken now. */
export interface EffortChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'effort'
  /** 0: everything is done; each further one does less */
  step: number
  /** What is done less, in plain words */
  words: string
  /** For how long the oldest utterance has waited */
  oldest_seconds: number
  /** Seconds of speech that wait, also on disk */
  waiting_seconds: number
  /** Of them, those on disk: heard later, once there is time */
  late_seconds: number
}

/**
 * Something was erased for good. Who shows any of it takes it away: these alerts, and what was said in these rooms
 * is to be asked for again.
 */
export interface EvidenceErased {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'erased'
  rooms: string[]
  alerts: string[]
}

/** Something was not examined, and why. */
export interface GapNoted {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'gap'
  room: string
  speaker: SpeakerView | null
  began: number
  seconds: number
  state: 'vetoed' | 'lost-network' | 'lost-overload' | 'lost-error' | 'not-consented'
  cause: string
}

/** The service stops; come back with ?after=<seq>. */
export interface Goodbye {
  type: 'goodbye'
  seq: number
}

/** One utterance, transcribed. Empty text with `ghosts` means that sound was heard and no speech was believed. */
export interface HeardMessage {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'heard'
  room: string
  speaker: SpeakerView
  utterance: string
  /** Unix time of its first sample */
  began: number
  seconds: number
  language: string
  text: string
  words: WordView[]
  cut: 'silence' | 'length' | 'gap' | 'left' | 'consent'
  model: string
  /** Seconds in the recogniser */
  took: number
  ghosts: string[]
  /** True: personal data is hidden, as in [phone] */
  masked: boolean
}

/** The service lives and nothing else was to be told. */
export interface Heartbeat {
  type: 'heartbeat'
  at: number
  seq: number
}

/** First message: the present state. Numbered messages after `after` follow at once. */
export interface Hello {
  type: 'hello'
  version: string
  /** The newest number at this moment */
  seq: number
  /** What follows starts after this number */
  after: number
  /** True: messages after `after` are no longer kept in full */
  truncated: boolean
  model: string
  /** Keyword lists in force, name@version */
  lists: string[]
  /** What is wrong with lists that are refused: file, line, reason */
  problems: string[]
  rooms: RoomView[]
  /** Seconds between heartbeats */
  heartbeat: number
  /** The synthetic-voice detector; null: there is none */
  voices: VoiceDetectorView | null
  /** 0: everything is done for each utterance; each further step does less */
  effort: number
}

/** One phrase found, with what is needed to check it. */
export interface HitView {
  list_name: string
  /** Digest of the list's content at the time */
  list_version: string
  /** As written in the list */
  phrase: string
  severity: 'info' | 'low' | 'medium' | 'high' | 'critical'
  /** The words as recognised */
  matched: string
  before: string
  after: string
  /** The lowest of the matched words', 0 to 1 */
  probability: number
  /** Unix time at which its last word ended */
  spoken_at: number
  /** A: exact, confident words; B: exact in an alternative, inflected or unsure; C: by sound */
  grade: 'A' | 'B' | 'C'
  /** How it was found */
  way: 'exact' | 'inflected' | 'disguised' | 'alternative' | 'sound'
  /** 0 to 1; below 1 where it was found by sound */
  likeness: number
  /** True: heard once, in a sentence that was not over; its rest confirms or withdraws it */
  tentative: boolean
  /** The second hearing; null: none, or not yet */
  second: SecondView | null
  /** True: personal data around it is hidden, as in [phone] */
  masked: boolean
}

/** Alerts that are one matter for people: of one speaker in one room, or of the same rule in several rooms. */
export interface IncidentView {
  id: number
  status: 'open' | 'escalated' | 'done'
  /** The worst of its alerts that stand */
  severity: 'info' | 'low' | 'medium' | 'high' | 'critical'
  /** Of the alert that opened it */
  room: string
  /** Of the same */
  speaker: PersonView
  /** Of the same; empty: it is about a voice */
  list_name: string
  /** Label of the rule that opened it; empty: it is about a voice */
  phrase: string
  /** Labels of all its rules, at most 20 */
  phrases: string[]
  /** At most 20 of its rooms */
  rooms: string[]
  room_count: number
  alerts: number
  /** Of its alerts, those that a second hearing took back */
  withdrawn: number
  /** Unix time at which its first alert was raised */
  opened_at: number
  /** The same of its newest */
  last_at: number
  /** Id of its newest alert */
  last_alert: string
  /** Who works on it; empty: nobody */
  claimed_by: string
  /** Unix time at which the claim is over; one that is over binds nobody */
  claimed_until: number
  /** As given; empty: to anybody, or not at all */
  escalated_to: string
  /** null: not decided */
  verdict: 'right' | 'wrong' | 'unsure' | null
  /** Of the policy, as given */
  reason: string
  /** What was done about it, as given */
  taken: string
  decided_by: string
  /** Unix time; 0: not decided */
  decided_at: number
}

/**
 * Incidents that are new or have changed, as they are now. Changes by alerts are told together, a few times a
 * second; what a person decides is told at once.
 */
export interface IncidentsChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'incidents'
  incidents: IncidentView[]
}

/** Other keyword lists are in force, or a list was refused. Passing: `hello` has the present state too. */
export interface ListsChanged {
  type: 'lists'
  /** Keyword lists in force, name@version */
  lists: string[]
  /** What is wrong with lists that are refused: file, line, reason */
  problems: string[]
}

/** Somebody wanted another model to hear. From this number on it does, or it failed and the one before goes on. */
export interface ModelChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'model'
  model: string
  /** What heard this until then */
  before: string
  /** ISO 639-1; empty: all languages that have no model of their own */
  language: string
  outcome: 'used' | 'failed'
  /** How it did when it was tried, in plain words */
  detail: string
  /** Seconds until it was in use */
  took: number
}

/** A participant, by name. */
export interface PersonView {
  id: string
  name: string
}

/** The client sent something that can't be understood; the connection stays. */
export interface Problem {
  type: 'problem'
  code: string
  message: string
}

/** Somebody is to be muted or removed in a room, or that was undone, is done, or failed. */
export interface RoomActionChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'room_action'
  action: RoomActionView
}

/** Somebody is muted in a room, or removed from it, because a person asked for it. */
export interface RoomActionView {
  id: number
  room: string
  speaker: PersonView
  action: 'mute' | 'remove'
  /** Who asked for it */
  who: string
  why: string
  /** What it is about; null: as given */
  incident: number | null
  /** Unix time */
  asked_at: number
  /** Unix time at which it is done; until then it can be undone */
  due_at: number
  state: 'waiting' | 'undone' | 'done' | 'failed'
  /** Why it failed, or by whom it was undone, in plain words */
  detail: string
  /** Unix time; 0: not yet */
  ended_at: number
}

/** A room has another state: joined, lost, left. */
export interface RoomChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'room'
  room: RoomView
}

/** One monitored room, as it is now. */
export interface RoomView {
  id: string
  name: string
  state: 'idle' | 'joining' | 'live' | 'waiting' | 'leaving' | 'left' | 'failed'
  /** Why the room waits or failed, in plain words */
  detail: string
  /** Path of the page to join it with a browser, where there is one */
  page: string
  speakers: SpeakerView[]
  coverage: CoverageView
  /** True: only the canary speaks there; its alerts are no matter for staff */
  canary: boolean
  /** What the room has agreed to; listened to only where it is granted */
  consent: 'unasked' | 'announced' | 'granted' | 'paused' | 'withdrawn'
  /** What staff can have done to people there now */
  actions: ('mute' | 'remove')[]
  /** True: it is no longer monitored; this is the last that is said of it */
  removed: boolean
}

/** A keyword list, or one rule of it, has another state of life: a person said so, or it was wrong too often. */
export interface RuleStateChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'rule_state'
  list_name: string
  /** Label of the rule; empty: the whole list */
  rule: string
  /** What it is now */
  state: 'draft' | 'shadow' | 'live' | 'retired'
  /** What it was */
  before: 'draft' | 'shadow' | 'live' | 'retired'
  /** As given by whoever changed it; `room-monitor` where it demoted itself */
  who: string
  why: string
  /** True: its precision was below its floor, so it demoted itself */
  automatic: boolean
}

/** What a bigger model heard where the first one had found a hit: the reason for confirming or withdrawing it. */
export interface SecondView {
  model: string
  /** Its words there, may be empty */
  text: string
  outcome: 'confirmed' | 'undecided' | 'withdrawn'
}

/** Somebody came or left. */
export interface SpeakerChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'speaker'
  room: string
  speaker: SpeakerView
  change: 'joined' | 'left'
}

/** One participant, as shown. */
export interface SpeakerView {
  id: string
  name: string
  talking: boolean
  /** Of a participant: its voice so far; null: nothing was scored */
  voice: VoiceView | null
  /** True: the host has opted them out, so that nobody listens to them */
  opted_out: boolean
}

/** Somebody begins or ends to talk. Passing. */
export interface Talking {
  type: 'talking'
  room: string
  speaker: string
  talking: boolean
}

/** A speaker's voice has another state: not enough speech, no sign, suspicious, alert. */
export interface VoiceChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'voice'
  room: string
  speaker: SpeakerView
  voice: VoiceView
  /** What it was */
  before: 'not-enough-speech' | 'no-sign' | 'suspicious' | 'alert'
}

/** The voice detector failed and is switched off, can't keep up, or is well again. */
export interface VoiceDetectorChanged {
  /** Grows by one a message over all rooms; ask for what came after with ?after= */
  seq: number
  /** Unix time */
  at: number
  type: 'voice_detector'
  detector: VoiceDetectorView
}

/** The synthetic-voice detector of the service. */
export interface VoiceDetectorView {
  /** behind: it can't keep up and leaves speech out; failed: switched off, the rest goes on */
  state: 'on' | 'behind' | 'failed'
  /** Why, in plain words; empty: it is well */
  detail: string
  /** name@digest */
  model: string
  /** Empty: none */
  calibration: string
  /** True: it marks speakers and never alerts */
  marks_only: boolean
  /** What it finds, as measured */
  claims: string[]
  /** Where it is no better than chance */
  chance: string[]
}

/** A speaker's voice after one more utterance, in the same state as before. Passing. */
export interface VoiceNow {
  type: 'voice_now'
  room: string
  /** Id */
  speaker: string
  voice: VoiceView
}

/** Why an alert was raised for a voice: a synthetic-voice signature, for review. */
export interface VoiceSignView {
  /** Natural log of the likelihood ratio synthetic : genuine when this was told */
  llr: number
  /** Seconds of usable speech that it rests on */
  speech: number
  /** name@digest */
  model: string
  calibration: string
  /** The strongest, in order of time */
  windows: VoiceWindowView[]
  /** True: what was heard later speaks against it */
  withdrawn: boolean
  /** What a reviewer said last; null: nobody has yet. No detector ever sets it */
  label: 'confirmed' | 'possible' | 'suspected' | 'dismissed' | null
}

/** What is known of one speaker's voice in this visit: a likelihood and what it rests on, never a verdict. */
export interface VoiceView {
  /** no-sign: no signature of what the detector claims to find; it is no proof of a person */
  state: 'not-enough-speech' | 'no-sign' | 'suspicious' | 'alert'
  /** Natural log of the likelihood ratio synthetic : genuine so far, as far as it counts */
  llr: number
  /** Seconds of usable speech that it rests on */
  speech: number
  /** Usable windows */
  windows: number
  /** Speech of which nothing is said, and why; most first */
  abstained: AbstainedView[]
  /** name@digest */
  model: string
  /** The calibration set; empty: none, so nothing can be said */
  calibration: string
  /** True: this detector marks and never alerts */
  marks_only: boolean
}

/** A stretch of the evidence clip that an alert cites. */
export interface VoiceWindowView {
  /** Seconds from the start of the clip */
  at: number
  /** Its length with the pauses */
  seconds: number
  /** Of this window alone: natural log of synthetic : genuine */
  llr: number
}

/** One word; seconds from the start of the utterance. */
export interface WordView {
  text: string
  start: number
  end: number
  probability: number
}

export type FeedMessage =
  | Hello
  | RoomChanged
  | SpeakerChanged
  | HeardMessage
  | AlertRaised
  | AlertChanged
  | IncidentsChanged
  | RoomActionChanged
  | Behind
  | EffortChanged
  | GapNoted
  | RuleStateChanged
  | CanaryRan
  | VoiceChanged
  | VoiceDetectorChanged
  | ModelChanged
  | EvidenceErased
  | Talking
  | CoverageChanged
  | VoiceNow
  | ListsChanged
  | Heartbeat
  | Goodbye
  | Problem
