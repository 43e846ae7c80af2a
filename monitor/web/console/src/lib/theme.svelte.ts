// Dark or light: the system's choice until somebody presses the button.
type Theme = 'dark' | 'light'
const KEY = 'room-monitor.theme'
const system = window.matchMedia('(prefers-color-scheme: light)')

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'dark' || value === 'light' ? value : null
  } catch {
    return null // storage may be forbidden: the system's choice then counts
  }
}

class ThemeChoice {
  now = $state<Theme>(stored() ?? (system.matches ? 'light' : 'dark'))

  start(): void {
    this.#show()
    system.addEventListener('change', () => {
      if (stored() === null) this.now = system.matches ? 'light' : 'dark'
      this.#show()
    })
  }

  toggle(): void {
    this.now = this.now === 'dark' ? 'light' : 'dark'
    try {
      localStorage.setItem(KEY, this.now)
    } catch {
      // only this page remembers, then
    }
    this.#show()
  }

  #show(): void {
    document.documentElement.dataset.theme = this.now
  }
}

export const theme = new ThemeChoice()
