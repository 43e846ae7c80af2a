// Requests to the service. An answer that is no success becomes an ApiError with the words of the service.
import { t } from './i18n/index.ts'

export class ApiError extends Error {
  /** HTTP status; 0: the service does not answer. */
  readonly status: number
  /** What the service says of it. */
  readonly detail: string
  readonly retryAfter: number
  constructor(status: number, detail: string, message: string, retryAfter = 0) {
    super(message)
    this.status = status
    this.detail = detail
    this.retryAfter = retryAfter
  }
}

/** Called when the service answers 401: the session has ended. Set by me.svelte.ts. */
let ended: () => void = () => undefined
export const onEnded = (call: () => void): void => void (ended = call)

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

async function detailOf(answer: Response): Promise<string> {
  try {
    const body = (await answer.json()) as { detail?: unknown }
    return typeof body.detail === 'string' ? body.detail : JSON.stringify(body.detail ?? body)
  } catch {
    return answer.statusText
  }
}

async function ask<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  // The header can't be sent by a foreign page without being asked first: it is the guard against forged requests.
  const headers: Record<string, string> = { accept: 'application/json', 'x-room-monitor': 'console' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  let answer: Response
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, '', t('error.unanswered'))
  }
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T
  const detail = await detailOf(answer)
  if (answer.status === 401) ended()
  const retry = Number(answer.headers.get('retry-after') ?? 0)
  throw new ApiError(answer.status, detail, t('error.status', { status: String(answer.status), detail }), retry)
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal): Promise<T> => ask<T>('GET', path, undefined, signal),
  post: <T>(path: string, body: unknown = {}): Promise<T> => ask<T>('POST', path, body),
  put: <T>(path: string, body: unknown): Promise<T> => ask<T>('PUT', path, body),
  patch: <T>(path: string, body: unknown): Promise<T> => ask<T>('PATCH', path, body),
  delete: <T>(path: string): Promise<T> => ask<T>('DELETE', path),
}

/** "?a=1&b=2" of what isn't empty, or "". */
export function query(values: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const made = new URLSearchParams()
  for (const [name, value] of Object.entries(values))
    if (value !== null && value !== undefined && value !== '' && value !== false) made.set(name, String(value))
  const text = made.toString()
  return text ? `?${text}` : ''
}
