// What a reviewer does with an incident: asked of the service, told at the edge of the page, with a way back.
import { api, ApiError } from '../api.ts'
import type { IncidentView } from '../feed'
import { t } from '../i18n/index.ts'
import { toasts } from '../toasts.svelte.ts'
import { queue } from './queue.svelte.ts'
import type { Decided, IncidentDetail, Verdict } from './types.ts'

export interface Said {
  verdict: Verdict
  /** Id of the one alert that it is about; empty: the whole incident. */
  alert: string
  reason: string
  taken: string
  note: string
}

/** Somebody may have been quicker: then the service's own words say who. Gives null where it was refused. */
async function ask(incident: IncidentView, act: string, body: object): Promise<Decided | null> {
  try {
    const made = await api.post<Decided>(`/api/incidents/${incident.id}/${act}`, body)
    queue.put(made.incident)
    return made
  } catch (error) {
    const { status, detail, message } = error as ApiError
    toasts.bad(status === 409 ? t('review.taken', { detail }) : message)
    return null
  }
}

export async function claim(incident: IncidentView): Promise<IncidentDetail | null> {
  const made = await ask(incident, 'claim', {})
  return made as IncidentDetail | null
}

export const release = (incident: IncidentView): Promise<Decided | null> => ask(incident, 'release', {})

export async function say(incident: IncidentView, said: Said): Promise<Decided | null> {
  return undoable(await ask(incident, 'verdict', said), t(`review.done_${said.verdict}`))
}

export async function escalate(incident: IncidentView, to: string, note: string): Promise<Decided | null> {
  return undoable(await ask(incident, 'escalate', { to, note }), t('review.done_escalated'))
}

export async function hand(incident: IncidentView, to: string, note: string): Promise<Decided | null> {
  return undoable(await ask(incident, 'hand', { to, note }), t('review.done_handed', { name: to }))
}

export const note = (incident: IncidentView, text: string): Promise<Decided | null> => ask(incident, 'note', { note: text })

export async function undo(incident: IncidentView, decision: number): Promise<Decided | null> {
  const made = await ask(incident, 'undo', { decision })
  if (made) toasts.done(t('review.done_undone'))
  return made
}

function undoable(made: Decided | null, text: string): Decided | null {
  if (made) toasts.done(text, { label: t('review.undo'), run: () => void undo(made.incident, made.decision.id) })
  return made
}
