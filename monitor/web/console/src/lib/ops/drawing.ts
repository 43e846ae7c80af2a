// How time lines and small curves are drawn: numbers in, SVG paths out. Pure.
import type { Mark, Span, SpanState } from './types'

/** Units of a lane's width: a path is scaled to the page by its viewBox. */
export const WIDE = 1000
/** Narrowest a stretch is drawn, in these units: a loss of a moment must be seen on the line of a day. */
export const NARROW = 1.6

export interface Window {
  since: number
  until: number
}

const at = (time: number, window: Window): number =>
  (Math.min(Math.max(time, window.since), window.until) - window.since) * (WIDE / (window.until - window.since))

/** Share of the window, 0 to 100, at which a time is. */
export const percentAt = (time: number, window: Window): number => at(time, window) / (WIDE / 100)

/** One path for all stretches, between two heights. */
export function path(stretches: readonly { at: number; seconds: number }[], window: Window, top: number, bottom: number): string {
  let made = ''
  for (const one of stretches) {
    if (one.at + one.seconds < window.since || one.at > window.until) continue
    const from = at(one.at, window)
    const wide = Math.max(NARROW, at(one.at + one.seconds, window) - from)
    made += `M${from.toFixed(2)} ${top}h${wide.toFixed(2)}v${bottom - top}h${(-wide).toFixed(2)}z`
  }
  return made
}

/** Stretches by state, in the order in which they are drawn: what was lost lies above all else. */
export const ORDER: readonly SpanState[] = [
  'not-consented', 'vetoed', 'examined', 'pending', 'lost-overload', 'lost-error', 'lost-network',
]

export function byState(spans: readonly Span[]): [SpanState, Span[]][] {
  return ORDER.map((state) => [state, spans.filter((span) => span.state === state)] as [SpanState, Span[]]).filter(
    ([, some]) => some.length > 0,
  )
}

/** The span at a moment that is drawn on top, or null. `near`: seconds by which a narrow one may be missed. */
export function spanAt(spans: readonly Span[], time: number, near: number): Span | null {
  let best: Span | null = null
  for (const span of spans) {
    if (time < span.at - near || time > span.at + span.seconds + near) continue
    if (best === null || ORDER.indexOf(span.state) >= ORDER.indexOf(best.state)) best = span
  }
  return best
}

export const isLost = (span: Span): boolean => span.state.startsWith('lost-')

/** CSS variable of a state's colour. */
export const colour = (state: SpanState): string => `var(--${state.replace('-', '_')})`

/** Marks nearer to each other than `apart` percent of the line are one sign with a number. */
export function clustered(marks: readonly Mark[], window: Window, apart = 0.7): { at: number; marks: Mark[] }[] {
  const made: { at: number; marks: Mark[] }[] = []
  for (const mark of marks) {
    const place = percentAt(mark.at, window)
    const last = made.at(-1)
    if (last && place - last.at < apart) last.marks.push(mark)
    else made.push({ at: place, marks: [mark] })
  }
  return made
}

const STEPS = [10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400]

/** Round moments of local time for the axis: about `wanted` of them. */
export function ticks(window: Window, wanted = 7): number[] {
  const step = STEPS.find((each) => (window.until - window.since) / each <= wanted) ?? 21600
  const shift = new Date(window.until * 1000).getTimezoneOffset() * 60
  const first = Math.ceil((window.since - shift) / step) * step + shift
  const made: number[] = []
  for (let time = first; time <= window.until; time += step) made.push(time)
  return made
}

/** A curve over time in a box of WIDE × `high`; the top is `most`. */
export function curve(points: readonly { at: number; value: number }[], window: Window, most: number, high: number): string {
  return points
    .map((point, index) => {
      const y = high - (Math.min(point.value, most) / (most || 1)) * high
      return `${index ? 'L' : 'M'}${at(point.at, window).toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}

/** A round number at or above the largest, for the top of a curve. */
export function roundUp(value: number): number {
  if (value <= 0) return 1
  const ten = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((n) => n * ten).find((n) => n >= value) ?? 10 * ten
}

/** Lines of a unified diff, each with what it is; without the two lines that name the files. */
export function diffLines(text: string): { kind: 'added' | 'removed' | 'same' | 'place'; text: string }[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^(---|\+\+\+)( |$)/.test(line) && !line.startsWith('\\'))
    .map((line) => {
      if (line.startsWith('@@')) return { kind: 'place' as const, text: line }
      const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same'
      return { kind, text: line.slice(1) }
    })
}
