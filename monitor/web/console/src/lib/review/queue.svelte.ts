// The incidents that wait, kept up to date by the feed. It lives as long as the console: going to an alert and back
// keeps the place in it. Bursts are taken together, four times a second: a queue that jumps at each alert can't be read.
import { api, query } from '../api.ts'
import type { AlertView, EvidenceErased, FeedMessage, IncidentView } from '../feed'
import { feed } from '../feed.svelte.ts'
import { me } from '../me.svelte.ts'
import { chosen, PLAIN, type Filter, type Row } from './filter.ts'
import type { IncidentPage } from './types.ts'

/** Incidents asked for at once: so many are read in a few milliseconds. */
const PAGE = 250
/** Pages between two looks at the whole while it loads; the first is shown at once. */
const PAGES_BETWEEN = 4
/** Incidents that are loaded; beyond, the filter is asked of the service by narrowing what is loaded. */
export const MOST = 20_000
const MOST_DONE = 1000
/** Milliseconds in which changes are put together. */
const TOGETHER = 250

type Listener = (fresh: readonly IncidentView[]) => void

class Queue {
  /** What fits the filter, in order. */
  rows = $state.raw<readonly Row[]>([])
  /** All that wait, whatever the filter. */
  waiting = $state(0)
  phase = $state<'new' | 'loading' | 'ready' | 'failed'>('new')
  problem = $state('')
  filter = $state.raw<Filter>(PLAIN)
  /** Id of the incident that is looked at. */
  selected = $state<number | null>(null)
  /** Done ones are shown as far as this; older are there. */
  more = $state(false)

  #rows = new Map<number, Row>()
  #quotes = new Map<string, AlertView>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #asking: ReturnType<typeof setTimeout> | undefined
  #unlisten: (() => void) | null = null
  #listeners = new Set<Listener>()
  #loaded: 'waiting' | 'done' | null = null
  #run = 0

  /** Begins to listen and loads what there is. May be called again. */
  start(): void {
    if (this.#unlisten === null) this.#unlisten = feed.listen((messages) => this.#take(messages))
    this.show(this.filter)
  }

  show(filter: Filter): void {
    this.filter = filter
    const wanted = filter.status === 'done' ? 'done' : 'waiting'
    if (this.#loaded !== wanted || this.phase === 'failed') void this.#load(wanted)
    else this.#arrange()
  }

  reload(): void {
    void this.#load(this.filter.status === 'done' ? 'done' : 'waiting')
  }

  /** An incident as it is now, after somebody here has decided. */
  put(incident: IncidentView): void {
    this.#keep(incident)
    this.#arrange()
  }

  /** Calls `listener` with incidents that were not there before, until the returned function is called. */
  onFresh(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  row(id: number): Row | undefined {
    return this.#rows.get(id)
  }

  /** The incident `by` places after the selected one, or the first; null: there is none. */
  beside(by: number): Row | null {
    const at = this.rows.findIndex((row) => row.incident.id === this.selected)
    if (at < 0) return this.rows[0] ?? null
    return this.rows[Math.max(0, Math.min(this.rows.length - 1, at + by))] ?? null
  }

  async #load(what: 'waiting' | 'done'): Promise<void> {
    const run = ++this.#run
    this.#loaded = what
    this.phase = 'loading'
    this.#rows.clear()
    let after: string | null = null
    const most = what === 'done' ? MOST_DONE : MOST
    try {
      let pages = 0
      do {
        const page: IncidentPage = await api.get<IncidentPage>(`/api/incidents${query({ status: what, order: what === 'done' ? 'newest' : 'worst', limit: PAGE, after })}`)
        if (run !== this.#run) return
        for (const alert of page.alerts) this.#quotes.set(alert.id, alert)
        for (const incident of page.incidents) this.#keep(incident)
        after = page.after
        if (pages++ % PAGES_BETWEEN === 0) this.#arrange()
      } while (after !== null && this.#rows.size < most)
      this.#arrange()
      this.more = after !== null
      this.phase = 'ready'
      this.problem = ''
    } catch (error) {
      if (run !== this.#run) return
      this.phase = 'failed'
      this.problem = (error as Error).message
    }
  }

  #take(messages: readonly FeedMessage[]): void {
    let changed = false
    const fresh: IncidentView[] = []
    for (const message of messages) {
      if ((message.type === 'alert' || message.type === 'alert_changed') && message.alert.incident !== null)
        this.#quotes.set(message.alert.id, message.alert)
      else if (message.type === 'incidents') {
        changed = true
        for (const incident of message.incidents) {
          if (!this.#rows.has(incident.id) && incident.status !== 'done') fresh.push(incident)
          this.#keep(incident)
        }
      } else if (message.type === 'erased') this.#forget(message)
      else if (message.type === 'hello' && message.truncated) this.reload() // there is a hole: what is here may be old
    }
    if (changed) this.#timer ??= setTimeout(() => ((this.#timer = undefined), this.#arrange()), TOGETHER)
    if (fresh.length) for (const listener of this.#listeners) listener(fresh)
  }

  /** What was erased is shown no longer, nor is anything of those rooms before the service has said what is left there. */
  #forget(erased: EvidenceErased): void {
    const gone = new Set(erased.alerts)
    for (const id of gone) this.#quotes.delete(id)
    for (const [id, { incident }] of this.#rows)
      if (gone.has(incident.last_alert) || erased.rooms.some((room) => incident.rooms.includes(room))) this.#rows.delete(id)
    this.#arrange()
    this.#asking ??= setTimeout(() => {
      this.#asking = undefined
      void this.#load(this.#loaded ?? 'waiting').then(() => {
        if (this.selected !== null && !this.#rows.has(this.selected)) this.selected = null
      })
    }, TOGETHER)
  }

  #keep(incident: IncidentView): void {
    if (incident.status === 'done' && this.#loaded !== 'done') this.#rows.delete(incident.id)
    else this.#rows.set(incident.id, rowOf(incident, this.#quotes.get(incident.last_alert), this.#rows.get(incident.id)))
    this.#quotes.delete(incident.last_alert)
    if (this.#quotes.size > 2000) this.#quotes.clear() // of alerts whose incident never came: none is that late
  }

  #arrange(): void {
    this.rows = chosen(this.#rows.values(), this.filter, me.name, Date.now() / 1000)
    if (this.#loaded === 'waiting') this.waiting = this.#rows.size
  }
}

function rowOf(incident: IncidentView, alert: AlertView | undefined, old: Row | undefined): Row {
  const hit = alert?.hits[0]
  const row = {
    incident,
    before: hit ? hit.before : (old?.before ?? ''),
    matched: hit ? hit.matched : (old?.matched ?? incident.phrase),
    after: hit ? hit.after : (old?.after ?? ''),
    language: alert?.language ?? old?.language ?? '',
    voice: !incident.list_name,
  }
  const words = [row.before, row.matched, row.after, incident.speaker.name, incident.room, incident.list_name, ...incident.phrases, ...incident.rooms, incident.claimed_by]
  return { ...row, text: words.join(' ').toLocaleLowerCase() }
}

export const queue = new Queue()
