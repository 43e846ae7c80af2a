// Something that is asked of the service again and again while the page is looked at.
import { api } from '../api.ts'
import { feed } from '../feed.svelte.ts'

export class Asked<T> {
  now = $state.raw<T | null>(null)
  /** Why the last question went unanswered; '' when it was answered. What is shown is then old. */
  trouble = $state('')
  /** Browser time of the last answer, ms; 0: none. */
  at = $state(0)

  #path: () => string
  #every: () => number
  #timer: ReturnType<typeof setTimeout> | undefined
  #running = false
  #turn = 0

  /** `path` and `every` (seconds) are read before each question. */
  constructor(path: () => string, every: () => number) {
    this.#path = path
    this.#every = every
  }

  /** For an effect: asks now and from then on; gives what ends it. */
  start(): () => void {
    this.#running = true
    const hurry = (): void => void (document.hidden || this.again())
    document.addEventListener('visibilitychange', hurry)
    // What was erased isn't shown until the next question would be due.
    const unlisten = feed.listen((messages) => messages.some((one) => one.type === 'erased') && void this.again())
    void this.again()
    return () => {
      this.#running = false
      this.#turn++
      clearTimeout(this.#timer)
      document.removeEventListener('visibilitychange', hurry)
      unlisten()
    }
  }

  /** Ask at once. A newer question makes an older one's answer void. */
  async again(): Promise<void> {
    clearTimeout(this.#timer)
    const turn = ++this.#turn
    try {
      const answer = await api.get<T>(this.#path())
      if (turn !== this.#turn) return
      this.now = answer
      this.trouble = ''
      this.at = Date.now()
    } catch (error) {
      if (turn !== this.#turn) return
      this.trouble = (error as Error).message
    }
    const wait = (): void => {
      this.#timer = setTimeout(() => (document.hidden ? wait() : void this.again()), this.#every() * 1000)
    }
    if (this.#running) wait()
  }
}
