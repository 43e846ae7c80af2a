// Who gives words on voices. There are no accounts yet: the name is as typed, and stays in this browser.
const KEY = 'room-monitor.reviewer'

function kept(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return '' // storage may be switched off
  }
}

class Reviewer {
  #name = $state(kept())

  get name(): string {
    return this.#name
  }
  set name(name: string) {
    this.#name = name
    try {
      localStorage.setItem(KEY, name)
    } catch {
      // then it is typed again next time
    }
  }
}

export const reviewer = new Reviewer()
