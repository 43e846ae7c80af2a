// Names and figures that only operators' pages use.
import { t, tag } from '../i18n/index.ts'
import type { SpanState } from './types'

/** The ledger's states are named as in the coverage bar. */
const STATES = {
  examined: 'coverage.examined',
  vetoed: 'coverage.vetoed',
  pending: 'coverage.pending',
  silence: 'coverage.silence',
  'not-consented': 'coverage.not_consented',
  'lost-network': 'coverage.lost_network',
  'lost-overload': 'coverage.lost_overload',
  'lost-error': 'coverage.lost_error',
} as const satisfies Record<SpanState, string>

export const stateName = (state: SpanState): string => t(STATES[state])

/** Of an utterance, in their order; and what the service's processor time goes to. */
export const STAGES = ['cut', 'queued', 'heard', 'handed', 'matched', 'stored', 'sent'] as const
export const PARTS = ['recogniser', 'gate', 'second', 'voices', 'database', 'loop', 'helpers', 'other'] as const

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** "1.4 GB". */
export function bytes(count: number): string {
  const step = Math.min(UNITS.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3))
  const value = count / 1000 ** step
  return new Intl.NumberFormat(tag(), {
    style: 'unit',
    unit: UNITS[step],
    unitDisplay: 'short',
    maximumFractionDigits: step && value < 100 ? 1 : 0,
  }).format(value)
}

/** "1,234" or "0.35", as the language writes it. */
export const figure = (value: number, digits = 0): string =>
  new Intl.NumberFormat(tag(), { maximumFractionDigits: digits, minimumFractionDigits: value && value < 10 ? Math.min(digits, 1) : 0 }).format(value)

export const dateOf = (unix: number): string => new Intl.DateTimeFormat(tag(), { dateStyle: 'medium', timeStyle: 'short' }).format(unix * 1000)
