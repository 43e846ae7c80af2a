// Sound and desktop notification when something new waits: off until somebody switches them on, on this machine only.
import type { IncidentView } from '../feed'
import { rank, severityName, type Severity } from '../format.ts'
import { t } from '../i18n/index.ts'
import { place } from '../router.svelte.ts'
import { queue } from './queue.svelte.ts'

const KEY = 'room-monitor.alarm'
/** Milliseconds between two sounds, or two notifications: a burst is one alarm. */
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
  #missed = 0

  start(): () => void {
    return queue.onFresh((fresh) => this.#ring(fresh))
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

  #ring(fresh: readonly IncidentView[]): void {
    const worth = fresh.filter((one) => rank(one.severity) >= rank(this.choice.least))
    const worst = worth.toSorted((a, b) => rank(b.severity) - rank(a.severity))[0]
    if (!worst) return
    this.#missed += worth.length
    if (Date.now() - this.#last < APART) return
    this.#last = Date.now()
    const count = this.#missed
    this.#missed = 0
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
