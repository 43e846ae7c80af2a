// One room in the hands of its host. The link's token is behind the # of the address: no server ever sees it there, and
// it goes with each request in a header of its own.
import type { CoverageView } from './feed.d.ts'
import { t } from './i18n/index.ts'

export interface HostSpeaker {
  id: string
  name: string
  here: boolean
  listen: boolean
}
export type ConsentState = 'unasked' | 'announced' | 'granted' | 'paused' | 'withdrawn'
export interface HostRoom {
  room: string
  name: string
  room_state: string
  state: ConsentState
  basis: 'policy' | 'host' | ''
  since: number
  required: boolean
  listening: boolean
  mixed: boolean
  notice: { text: string; language: string; now: string; shown: string; shown_at: number; way: string }
  languages: { code: string; name: string; on: string }[]
  speakers: HostSpeaker[]
  expires_at: number
  keep_days: number
}
export interface RoomAccount {
  since: number
  seconds: CoverageView
  utterances: number
  alerts: { id: string; severity: 'info' | 'low' | 'medium' | 'high' | 'critical'; raised_at: number; clip: boolean; goes_at: number | null; held: boolean }[]
  alert_count: number
  clips: number
  deletions: { id: number; at: number; kind: 'session' | 'clip' | 'erasure'; why: string }[]
}
export type Act = 'announce' | 'grant' | 'pause' | 'withdraw' | 'notice' | 'opt-out' | 'opt-in'
export interface Entry {
  id: number
  at: number
  act: Act
  who: string
  basis: 'policy' | 'host' | 'room'
  notice: string
  language: string
  way: string
  told: number
  speaker: string
}
export interface RoomErasure {
  state: 'erased' | 'held' | 'nothing'
  receipt: number | null
}

/** The link opens nothing (any more); what the service says of it. */
class LinkRefused extends Error {}

const LOOK = 2000 // ms between two looks at the room while the page is seen

export class Host {
  room = $state.raw<HostRoom | null>(null)
  account = $state.raw<RoomAccount | null>(null)
  entries = $state.raw<Entry[]>([])
  /** Why the link opens nothing; '': it does. */
  refused = $state('')
  /** The service doesn't answer. */
  away = $state(false)
  /** Something was asked and is not answered yet. */
  busy = $state(false)
  /** Why the last thing that was asked was not done. */
  trouble = $state('')
  #token: string

  constructor(token: string) {
    this.#token = token
  }

  /** Look at the room now and then, until the function that it gives is called. */
  follow(): () => void {
    void this.look()
    const timer = setInterval(() => document.hidden || this.refused || void this.look(), LOOK)
    return () => clearInterval(timer)
  }
  async look(): Promise<void> {
    await this.#try(async () => {
      this.room = await this.#ask<HostRoom>('GET', '')
      this.account = await this.#ask<RoomAccount>('GET', '/receipt')
    })
  }
  async history(): Promise<void> {
    await this.#try(async () => {
      this.entries = (await this.#ask<{ entries: Entry[] }>('GET', '/entries?limit=100')).entries
    })
  }

  say = (act: 'grant' | 'pause' | 'withdraw'): Promise<boolean> => this.#change('POST', '/consent', { act })
  notice = (text: string, language: string): Promise<boolean> => this.#change('PUT', '/notice', { text, language })
  listen = (who: HostSpeaker, listen: boolean): Promise<boolean> =>
    this.#change('POST', '/speakers', { id: who.id, name: who.name, listen })

  /** Null: it could not be done, see `trouble`. */
  async erase(reason: string): Promise<RoomErasure | null> {
    let done: RoomErasure | null = null
    await this.#doing(async () => {
      done = await this.#ask<RoomErasure>('POST', '/erasure', { reason })
    })
    await this.look()
    return done
  }

  async #change(method: string, path: string, body: unknown): Promise<boolean> {
    const done = await this.#doing(async () => {
      this.room = await this.#ask<HostRoom>(method, path, body)
    })
    if (this.entries.length) void this.history()
    return done
  }
  async #doing(work: () => Promise<void>): Promise<boolean> {
    this.busy = true
    this.trouble = ''
    try {
      const done = await this.#try(work)
      if (this.away) this.trouble = t('host.away')
      return done
    } finally {
      this.busy = false
    }
  }
  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      this.away = false
      return true
    } catch (error) {
      if (error instanceof LinkRefused) this.refused = error.message
      else if (error instanceof TypeError) this.away = true // no answer at all
      else this.trouble = error instanceof Error ? error.message : String(error)
      return false
    }
  }
  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { 'x-host-link': this.#token, 'x-room-monitor': 'console' }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const answer = await fetch(`/api/host${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
    if (answer.ok) return (await answer.json()) as T
    const said = (await answer.json().catch(() => ({}))) as { detail?: unknown }
    const detail = typeof said.detail === 'string' ? said.detail : answer.statusText
    if (answer.status === 401 || answer.status === 403) throw new LinkRefused(detail)
    throw new Error(t('error.status', { status: String(answer.status), detail }))
  }
}
