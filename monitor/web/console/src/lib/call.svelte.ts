// One person's stay in a room: signalling, the two connections, and coming back after a loss.
import { pause } from './backoff.ts'
import { t } from './i18n/index.ts'
import { openMicrophone, watchLevel, type Trouble } from './microphone.ts'
import { Downstream, Upstream } from './peers.ts'
import type { FromClient, FromServer, Participant } from './signals.d.ts'

export type Stay = 'out' | 'joining' | 'in' | 'returning'

export class Call {
  stay = $state<Stay>('out')
  me = $state('')
  participants = $state.raw<Participant[]>([])
  notice = $state('')
  muted = $state(false)
  listening = $state(false) // joined without a microphone
  level = $state(0)
  blocked = $state(false) // the browser wants a click before it plays
  trouble = $state.raw<Trouble | null>(null)
  ended = $state(false)

  #room: string
  #name = ''
  #socket: WebSocket | null = null
  #up: Upstream | null = null
  #down: Downstream | null = null
  #track: MediaStreamTrack | null = null
  #stopLevel: (() => void) | null = null
  #work: Promise<void> = Promise.resolve() // messages are taken one after the other: SDP steps must not overlap
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined

  constructor(room: string) {
    this.#room = room
  }

  async join(name: string, microphone: boolean): Promise<void> {
    this.trouble = null
    this.ended = false
    this.stay = 'joining'
    this.#name = name
    this.listening = !microphone
    if (microphone) {
      try {
        this.#use(await openMicrophone())
      } catch (error) {
        this.trouble = error as Trouble
        this.stay = 'out'
        return
      }
    }
    this.#connect()
  }

  leave(): void {
    this.#send({ type: 'leave' })
    this.#out()
  }

  mute(muted: boolean): void {
    if (!this.#track) return
    this.muted = muted
    this.#track.enabled = !muted
    this.#send({ type: 'mute', muted })
  }

  unblock(): void {
    this.blocked = false
    this.#down?.unblock()
  }

  #use(track: MediaStreamTrack): void {
    this.#track = track
    this.muted = false
    this.#stopLevel = watchLevel(track, (level) => (this.level = level))
    track.onended = () => {
      this.leave()
      this.trouble = { title: t('trouble.unplugged'), advice: t('trouble.unplugged_text') }
    }
  }

  #connect(): void {
    const address = new URL(`/rooms/${encodeURIComponent(this.#room)}/ws`, location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(address)
    this.#socket = socket
    socket.onopen = () => this.#send({ type: 'join', name: this.#name, role: 'participant' })
    socket.onclose = () => this.#lost()
    socket.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as FromServer
      this.#work = this.#work
        .then(() => (this.#socket === socket ? this.#take(message) : undefined))
        .catch((error: unknown) => {
          if (this.#socket !== socket) return // it failed because the stay is over
          this.trouble = { title: t('trouble.connection'), advice: String(error) }
          socket.close()
        })
    }
  }

  async #take(message: FromServer): Promise<void> {
    switch (message.type) {
      case 'joined':
        return this.#joined(message)
      case 'published':
        return this.#up?.accept(message.sdp)
      case 'offer': {
        const down = (this.#down ??= new Downstream(this.#drop, () => (this.blocked = true)))
        const sdp = await down.answer(message.sdp, message.slots)
        // The connection may have been lost meanwhile: an old answer must not go to a new stay.
        if (this.#down === down) this.#send({ type: 'answer', sdp })
        return
      }
      case 'slots':
        return this.#down?.assign(message.slots)
      case 'roster':
        this.participants = message.participants
        return
      case 'talking':
        this.participants = this.participants.map((p) => (p.id === message.id ? { ...p, talking: message.talking } : p))
        return
      case 'notice':
        this.notice = message.text
        return
      case 'problem':
        if (message.code === 'media-lost') return this.#publish()
        this.trouble = { title: message.message, advice: t('trouble.code', { code: message.code }) }
        return
      case 'refused':
        this.#out()
        this.trouble = { title: t('trouble.refused'), advice: message.message }
        return
      case 'ended':
        this.#out()
        this.ended = true
    }
  }

  async #joined(message: Extract<FromServer, { type: 'joined' }>): Promise<void> {
    this.me = message.id
    this.participants = message.participants
    this.notice = message.notice
    this.stay = 'in'
    this.trouble = null
    this.#attempt = 0
    return this.#publish()
  }

  async #publish(): Promise<void> {
    if (!this.#track) return
    this.#up?.close()
    const up = (this.#up = new Upstream(this.#drop))
    const sdp = await up.offer(this.#track)
    if (this.#up !== up) return
    this.#send({ type: 'publish', sdp })
    if (this.muted) this.#send({ type: 'mute', muted: true })
  }

  #send(message: FromClient): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  /** A media connection failed: begin anew from the signalling, which is the only way that is surely known. */
  #drop = (): void => this.#lost()

  #lost(): void {
    if (this.stay === 'out') return
    this.#hangUp()
    this.stay = this.me ? 'returning' : 'joining'
    if (this.#attempt > 0 || this.stay === 'joining')
      this.trouble = {
        title: t('trouble.unanswered'),
        advice: t('trouble.unanswered_text'),
      }
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#connect(), pause(this.#attempt++))
  }

  #hangUp(): void {
    const socket = this.#socket
    this.#socket = null
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
    }
    this.#up?.close()
    this.#down?.close()
    this.#up = this.#down = null
  }

  #out(): void {
    clearTimeout(this.#retry)
    this.#hangUp()
    this.#stopLevel?.()
    this.#stopLevel = null
    if (this.#track) this.#track.onended = null
    this.#track?.stop()
    this.#track = null
    this.stay = 'out'
    this.me = ''
    this.level = 0
    this.participants = []
  }
}
