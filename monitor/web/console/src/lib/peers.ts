// The two WebRTC connections of a room: ours up, everybody else's down. Candidates travel inside the SDP.
import type { Slots } from './signals.d.ts'

/** Milliseconds after which gathering is taken as done: without outside servers it takes a few. */
const GATHERING = 2000

function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING)
    peer.addEventListener('icegatheringstatechange', () => {
      if (peer.iceGatheringState !== 'complete') return
      clearTimeout(timer)
      resolve()
    })
  })
}

function connection(failed: () => void): RTCPeerConnection {
  const peer = new RTCPeerConnection({ iceServers: [] })
  peer.addEventListener('connectionstatechange', () => {
    if (peer.connectionState === 'failed') failed()
  })
  return peer
}

export class Upstream {
  #peer: RTCPeerConnection
  constructor(failed: () => void) {
    this.#peer = connection(failed)
  }

  /** The offer to publish `track`. */
  async offer(track: MediaStreamTrack): Promise<string> {
    this.#peer.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream([track])] })
    await this.#peer.setLocalDescription()
    await gathered(this.#peer)
    return this.#peer.localDescription?.sdp ?? ''
  }
  accept(sdp: string): Promise<void> {
    return this.#peer.setRemoteDescription({ type: 'answer', sdp })
  }
  close(): void {
    this.#peer.close()
  }
}

export class Downstream {
  #peer: RTCPeerConnection
  #players = new Map<string, HTMLAudioElement>()
  #blocked: () => void

  /** `blocked` is called when the browser doesn't let sound play before somebody clicks. */
  constructor(failed: () => void, blocked: () => void) {
    this.#blocked = blocked
    this.#peer = connection(failed)
    this.#peer.addEventListener('track', ({ track, transceiver }) => {
      const mid = transceiver.mid ?? ''
      const player = this.#players.get(mid) ?? new Audio()
      this.#players.set(mid, player)
      player.srcObject = new MediaStream([track])
      void this.#start(player)
    })
  }

  /** The answer to the service's offer. */
  async answer(sdp: string, slots: Slots): Promise<string> {
    await this.#peer.setRemoteDescription({ type: 'offer', sdp })
    await this.#peer.setLocalDescription()
    await gathered(this.#peer)
    this.assign(slots)
    return this.#peer.localDescription?.sdp ?? ''
  }

  /** A slot without a participant is silent: what is left in its buffers must not be heard as somebody else. */
  assign(slots: Slots): void {
    for (const [mid, player] of this.#players) player.muted = !slots[mid]
  }
  /** To be called from a click, after `blocked`. */
  unblock(): void {
    for (const player of this.#players.values()) void this.#start(player)
  }
  async #start(player: HTMLAudioElement): Promise<void> {
    try {
      await player.play()
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#blocked()
    }
  }
  close(): void {
    this.#peer.close()
    for (const player of this.#players.values()) player.srcObject = null
    this.#players.clear()
  }
}
