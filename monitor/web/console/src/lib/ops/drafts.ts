// What was written and not saved yet: it stays in this browser's tab until it is saved or thrown away.
interface Draft {
  /** Of the file that it was made from. */
  etag: string
  text: string
}

const key = (name: string): string => `room-monitor.draft.${name}`

export function draftOf(name: string): Draft | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(key(name)) ?? 'null') as Draft | null
    return found && typeof found.text === 'string' && typeof found.etag === 'string' ? found : null
  } catch {
    return null // forbidden, or not of ours
  }
}

export function keepDraft(name: string, draft: Draft | null): void {
  try {
    if (draft) sessionStorage.setItem(key(name), JSON.stringify(draft))
    else sessionStorage.removeItem(key(name))
  } catch {
    // too long, or storage is forbidden: leaving the page then asks
  }
}
