// Sound and desktop notification when something new waits: off until somebody switches them on, on this machine only.
import type { IncidentView } from '../feed'
import { rank, severityName, type Severity } from '../format.ts'
import { t } from '../i18n/index.ts'
import { place } from '../router.svelte.ts'
import { queue } from './queue.svelte.ts'

const KEY = 'room-monitor.alarm'
/** Milliseconds between two sounds, or two notifications. */
const APART = 3000

interface Choice {
  sound: boolean
  notice: boolean
  /** This severity and worse. */
  least: Severity
}

function kept(): Choice {
  const none: Choice = { sound: false, notice: false, least: 'high' }
  try {
    return { ...none, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Choice>) }
  } catch {
    return none
  }
}

class Alarm {
  choice = $state.raw(kept())
  #context: AudioContext | null = null
  #last = 0
  #untold: IncidentView[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Listens until the returned function is called. */
  start(): () => void {
    const unlisten = queue.onFresh((fresh) => this.#ring(fresh))
    return () => {
      unlisten()
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#untold = []
    }
  }

  async set(change: Partial<Choice>): Promise<void> {
    if (change.notice && Notification.permission !== 'granted' && (await Notification.requestPermission()) !== 'granted') return
    this.choice = { ...this.choice, ...change }
    try {
      localStorage.setItem(KEY, JSON.stringify(this.choice))
    } catch {
      // then it holds for this page only
    }
    if (change.sound) this.#beep('medium') // so that it is known how it sounds, and the browser lets it sound
  }

  /** The first of a burst at once, all others together a moment later: the worst may come last. */
  #ring(fresh: readonly IncidentView[]): void {
    if (!this.choice.sound && !this.choice.notice) return
    this.#untold.push(...fresh.filter((one) => rank(one.severity) >= rank(this.choice.least)))
    if (!this.#untold.length || this.#timer !== undefined) return
    const wait = this.#last + APART - Date.now()
    if (wait <= 0) this.#tell()
    else this.#timer = setTimeout(() => this.#tell(), wait)
  }

  #tell(): void {
    this.#timer = undefined
    const count = this.#untold.length
    const worst = this.#untold.toSorted((a, b) => rank(b.severity) - rank(a.severity))[0]
    this.#untold = []
    if (!worst) return
    this.#last = Date.now()
    if (this.choice.sound) this.#beep(worst.severity)
    if (this.choice.notice && document.hidden && Notification.permission === 'granted') this.#notify(worst, count)
  }

  #notify(worst: IncidentView, count: number): void {
    // What was said stays out of it: notifications are kept by the system and seen by whoever passes by.
    const shown = new Notification(t('review.notice', { count, severity: severityName(worst.severity) }), { tag: 'room-monitor', body: worst.room })
    shown.onclick = () => {
      window.focus()
      place.go(`/review/${encodeURIComponent(worst.last_alert)}`)
      shown.close()
    }
  }

  /** Two notes, rising for what is bad. */
  #beep(severity: Severity): void {
    const context = (this.#context ??= new AudioContext())
    void context.resume()
    const high = rank(severity) >= rank('high')
    for (const [at, hertz] of [[0, 620], [0.16, high ? 930 : 620]] as const) {
      const tone = context.createOscillator()
      const loudness = context.createGain()
      tone.frequency.value = hertz
      loudness.gain.setValueAtTime(0.0001, context.currentTime + at)
      loudness.gain.exponentialRampToValueAtTime(0.12, context.currentTime + at + 0.02)
      loudness.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + at + 0.14)
      tone.connect(loudness).connect(context.destination)
      tone.start(context.currentTime + at)
      tone.stop(context.currentTime + at + 0.15)
    }
  }
}

export const alarm = new Alarm()
