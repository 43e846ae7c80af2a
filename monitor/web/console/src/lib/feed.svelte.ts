// The connection to the feed: it resumes after the last number seen, and never looks alive when it isn't.
import { pause } from './backoff.ts'
import type { FeedMessage } from './feed'
import { apply, emptyView } from './view.ts'

export type Link = 'connecting' | 'live' | 'stalled' | 'away'

export class Feed {
  view = $state.raw(emptyView())
  link = $state<Link>('connecting')
  /** Unix time in ms at which the connection was lost; 0 while it is there. */
  lostAt = $state(0)

  #socket: WebSocket | null = null
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setInterval> | undefined
  #lastMessage = 0

  open(): void {
    this.#connect()
    this.#watch = setInterval(() => this.#look(), 1000)
    window.addEventListener('online', this.#hurry)
  }

  close(): void {
    clearInterval(this.#watch)
    clearTimeout(this.#retry)
    window.removeEventListener('online', this.#hurry)
    this.#drop()
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
    socket.onmessage = (event: MessageEvent<string>) => this.#take(event.data)
    socket.onclose = () => this.#lose()
  }

  #take(text: string): void {
    const message = JSON.parse(text) as FeedMessage
    this.#lastMessage = Date.now()
    const before = this.view.seq
    this.view = apply(this.view, message)
    if (message.type === 'hello' && message.seq < before) {
      // The service has a new history: what was asked for doesn't exist there, so begin again without a number.
      this.view = emptyView()
      this.#socket?.close()
      return
    }
    this.link = 'live'
    this.lostAt = 0
    this.#attempt = 0
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

  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    if (socket === null) return
    socket.onmessage = socket.onclose = null
    socket.close()
  }
}
