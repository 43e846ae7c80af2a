// Reasons and actions that the settings offer; asked for once.
import { api } from '../api.ts'
import type { Plan } from './types.ts'

class Offered {
  now = $state.raw<Plan>({ claim: 600, undo: 5, reasons: [], taken: [] })
  #asked = false

  async ask(): Promise<void> {
    if (this.#asked) return
    this.#asked = true
    try {
      this.now = await api.get<Plan>('/api/review/plan')
    } catch {
      this.#asked = false // the forms then take free text only
    }
  }
}

export const plan = new Offered()
