// The keys that the help shows: each page names its own.
import type { Key } from './i18n/index.ts'

export type Keys = readonly (readonly [names: readonly string[], what: Key])[]

export const COMMON: Keys = [
  [['t'], 'key.theme'],
  [['?'], 'key.help'],
]

class Help {
  keys = $state.raw<Keys>(COMMON)
  asked = $state(0)

  /** Opens or closes it. */
  toggle(): void {
    this.asked++
  }
  /** Shows these keys until the returned function is called: for onMount. */
  use(keys: Keys): () => void {
    this.keys = [...keys, ...COMMON]
    return () => void (this.keys = COMMON)
  }
}

export const help = new Help()

/** Whether a key press is meant for the page and not for a field, a dialog or the browser. */
export function forPage(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement
  return (
    !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey &&
    !target.closest('dialog') && !target.matches('input, select, textarea, [contenteditable]') && !target.isContentEditable
  )
}
