// Which incidents the queue shows, and in which order. Pure; it is part of the address, so that a view can be sent to somebody.
import type { IncidentView } from '../feed'

const STATUSES = ['waiting', 'open', 'escalated', 'done'] as const
const CLAIMS = ['any', 'free', 'mine', 'others'] as const
const ORDERS = ['worst', 'newest'] as const
const RANKS = ['info', 'low', 'medium', 'high', 'critical'] as const

export interface Filter {
  /** Words that all must be somewhere in it. */
  q: string
  severity: (typeof RANKS)[number]
  status: (typeof STATUSES)[number]
  claim: (typeof CLAIMS)[number]
  room: string
  list: string
  order: (typeof ORDERS)[number]
}
export const PLAIN: Filter = { q: '', severity: 'info', status: 'waiting', claim: 'any', room: '', list: '', order: 'worst' }
export { CLAIMS, ORDERS, RANKS, STATUSES }

const one = <T extends string>(allowed: readonly T[], value: string | null, otherwise: T): T =>
  allowed.find((each) => each === value) ?? otherwise

/** Of an address's query; what is unknown there doesn't count. */
export function read(search: string): Filter {
  const query = new URLSearchParams(search)
  return {
    q: query.get('q') ?? '',
    severity: one(RANKS, query.get('severity'), PLAIN.severity),
    status: one(STATUSES, query.get('status'), PLAIN.status),
    claim: one(CLAIMS, query.get('claim'), PLAIN.claim),
    room: query.get('room') ?? '',
    list: query.get('list') ?? '',
    order: one(ORDERS, query.get('order'), PLAIN.order),
  }
}

/** What to put into the query: '' where it is as in PLAIN. */
export function write(filter: Filter): Record<keyof Filter, string> {
  const values = { ...filter }
  for (const key of Object.keys(PLAIN) as (keyof Filter)[]) if (values[key] === PLAIN[key]) (values as Record<string, string>)[key] = ''
  return values
}

/** An incident with what the queue needs to show and find it. */
export interface Row {
  incident: IncidentView
  before: string
  matched: string
  after: string
  language: string
  voice: boolean
  /** In small letters, for the filter. */
  text: string
}

/** Who has it now; empty: nobody. */
export const holder = (incident: IncidentView, now: number): string => (incident.claimed_until > now ? incident.claimed_by : '')

export function fits({ incident, text }: Row, filter: Filter, words: readonly string[], who: string, now: number): boolean {
  if (filter.status === 'waiting' ? incident.status === 'done' : incident.status !== filter.status) return false
  if (RANKS.indexOf(incident.severity) < RANKS.indexOf(filter.severity)) return false
  if (filter.room && incident.room !== filter.room && !incident.rooms.includes(filter.room)) return false
  if (filter.list && incident.list_name !== filter.list) return false
  if (filter.claim !== 'any') {
    const has = holder(incident, now)
    if (filter.claim === 'free' ? has : filter.claim === 'mine' ? has !== who : !has || has === who) return false
  }
  return words.every((word) => text.includes(word))
}

/** Negative: `a` comes first. Escalated ones are before others of the same severity: somebody waits for a decision. */
export function compare(a: IncidentView, b: IncidentView, order: Filter['order']): number {
  if (order === 'worst') {
    const worse = RANKS.indexOf(b.severity) - RANKS.indexOf(a.severity)
    if (worse) return worse
    const raised = Number(b.status === 'escalated') - Number(a.status === 'escalated')
    if (raised) return raised
  }
  return b.id - a.id
}

/** The rows that fit, in order. */
export function chosen(rows: Iterable<Row>, filter: Filter, who: string, now: number): Row[] {
  const words = filter.q.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  const found: Row[] = []
  for (const row of rows) if (fits(row, filter, words, who, now)) found.push(row)
  return found.sort((a, b) => compare(a.incident, b.incident, filter.order))
}
