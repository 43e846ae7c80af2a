// The connection to the feed: it resumes after the last number seen, and never looks alive when it isn't.
// Messages are applied together, once a frame: 200 alerts a second are then drawn 60 times a second and not 200.
import { pause } from './backoff.ts'
import type { FeedMessage, Hello } from './feed'
import { me } from './me.svelte.ts'
import { apply, emptyView } from './view.ts'

export type Link = 'connecting' | 'live' | 'stalled' | 'away'

/** That the connection came back, and that nothing is missing. */
export interface Resumed {
  /** Seconds without a connection. */
  away: number
  after: number
  /** Numbered messages that came in between. */
  count: number
  /** False: some of them are no longer kept in full. */
  whole: boolean
}

/** Messages applied in one frame: more than that, and the page would stand still while it catches up. */
const MOST_A_FRAME = 400
/** Milliseconds between turns while nobody sees the page, where browsers stop counting frames. */
const HIDDEN = 250
/** Close codes that say who asks may not: no use in trying again before asking who one is. */
const FORBIDDEN: ReadonlySet<number> = new Set([1008, 4401, 4403])

export class Feed {
  view = $state.raw(emptyView())
  link = $state<Link>('connecting')
  /** Unix time in ms at which the connection was lost; 0 while it is there. */
  lostAt = $state(0)
  resumed = $state.raw<Resumed | null>(null)

  #socket: WebSocket | null = null
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setInterval> | undefined
  #lastMessage = 0
  #inbox: FeedMessage[] = []
  #turn = false
  #listeners = new Set<(messages: readonly FeedMessage[]) => void>()

  /** Does nothing where it is open. */
  open(): void {
    if (this.#watch !== undefined) return
    this.#connect()
    this.#watch = setInterval(() => this.#look(), 1000)
    window.addEventListener('online', this.#hurry)
  }

  close(): void {
    clearInterval(this.#watch)
    this.#watch = undefined
    clearTimeout(this.#retry)
    window.removeEventListener('online', this.#hurry)
    this.#drop()
    this.view = emptyView()
    this.link = 'connecting'
    this.lostAt = 0
    this.resumed = null
  }

  /** Calls `listener` with what was applied, once a frame at most, until the returned function is called. */
  listen(listener: (messages: readonly FeedMessage[]) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  seen(): void {
    if (this.view.unseen) this.view = { ...this.view, unseen: 0 }
  }

  #connect(): void {
    const { seq, greeted } = this.view
    const address = new URL('/feed', location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    // Without `after` the service starts with its recent history.
    if (greeted) address.searchParams.set('after', String(seq))
    const socket = new WebSocket(address)
    this.#socket = socket
    this.#lastMessage = Date.now()
    socket.onmessage = (event: MessageEvent<string>) => {
      this.#lastMessage = Date.now()
      this.#inbox.push(JSON.parse(event.data) as FeedMessage)
      this.#soon()
    }
    socket.onclose = (event) => {
      this.#lose()
      if (FORBIDDEN.has(event.code)) void me.ask()
    }
  }

  #soon(): void {
    if (this.#turn) return
    this.#turn = true
    const take = (): void => {
      this.#turn = false
      this.#take()
    }
    if (document.hidden) setTimeout(take, HIDDEN)
    else {
      // Whichever is first: a page that is hidden meanwhile gets no frames.
      const timer = setTimeout(() => (cancelAnimationFrame(frame), take()), HIDDEN)
      const frame = requestAnimationFrame(() => (clearTimeout(timer), take()))
    }
  }

  #take(): void {
    const messages = this.#inbox.splice(0, document.hidden ? this.#inbox.length : MOST_A_FRAME)
    if (messages.length === 0) return
    let view = this.view
    for (const message of messages) {
      if (message.type === 'hello') {
        if (message.seq < view.seq) {
          // The service has a new history: what was asked for doesn't exist there, so begin again without a number.
          this.view = emptyView()
          this.#inbox = []
          this.#socket?.close()
          return
        }
        this.#greeted(message, view.greeted)
      }
      view = apply(view, message)
    }
    this.view = view
    this.link = 'live'
    this.lostAt = 0
    this.#attempt = 0
    for (const listener of this.#listeners) listener(messages)
    if (this.#inbox.length) this.#soon()
  }

  #greeted(hello: Hello, again: boolean): void {
    if (!again || !this.lostAt) return
    const away = (Date.now() - this.lostAt) / 1000
    this.resumed = { away, after: hello.after, count: Math.max(0, hello.seq - hello.after), whole: !hello.truncated }
  }

  #lose(): void {
    this.#drop()
    this.link = this.view.greeted ? 'away' : 'connecting'
    this.lostAt ||= Date.now()
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#connect(), pause(this.#attempt++))
  }

  /** Silence for three heartbeats: say so. For six: the line is dead although nobody closed it, so make a new one. */
  #look(): void {
    if (this.#socket === null) return
    const silent = (Date.now() - this.#lastMessage) / 1000
    if (silent > 6 * this.view.heartbeat) this.#lose()
    else if (silent > 3 * this.view.heartbeat && this.link === 'live') this.link = 'stalled'
  }

  #hurry = (): void => {
    if (this.#socket !== null) return
    clearTimeout(this.#retry)
    this.#attempt = 0
    this.#connect()
  }

  /** What came and was not applied yet is asked for again: its numbers are above the view's. */
  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    this.#inbox = []
    if (socket === null) return
    socket.onmessage = socket.onclose = null
    socket.close()
  }
}

/** The one connection of the console: pages come and go, it stays. */
export const feed = new Feed()
