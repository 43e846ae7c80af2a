// Signed archives of alerts and incidents, saved as files.
import { t } from '../i18n/index.ts'

/** Has the service make one and saves it under the name it gives. Throws an Error with what it says instead. */
export async function save(from: string, reason: string, otherwise: string): Promise<void> {
  const answer = await fetch(from, {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-room-monitor': 'console' }, body: JSON.stringify({ reason }),
  })
  if (!answer.ok) throw new Error(t('error.status', { status: String(answer.status), detail: ((await answer.json()) as { detail?: string }).detail ?? '' }))
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? otherwise
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
