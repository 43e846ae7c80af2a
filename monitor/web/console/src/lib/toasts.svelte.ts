// Short messages at the edge of the page: what was done, with a way back where there is one, or what went wrong.
export interface Toast {
  id: number
  kind: 'done' | 'bad'
  text: string
  /** A button, for example to undo. */
  action?: { label: string; run: () => void }
}

const STAY = 8000 // ms; those that tell of a failure stay until somebody closes them
const MOST = 4

class Toasts {
  shown = $state.raw<Toast[]>([])
  #next = 1

  done(text: string, action?: Toast['action']): void {
    const id = this.#add({ kind: 'done', text, action })
    setTimeout(() => this.close(id), STAY)
  }
  bad(text: string): void {
    if (!this.shown.some((t) => t.text === text)) this.#add({ kind: 'bad', text })
  }
  close(id: number): void {
    this.shown = this.shown.filter((t) => t.id !== id)
  }
  #add(toast: Omit<Toast, 'id'>): number {
    const id = this.#next++
    this.shown = [...this.shown.slice(1 - MOST), { id, ...toast }]
    return id
  }
}

export const toasts = new Toasts()
