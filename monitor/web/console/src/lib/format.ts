// Numbers and times as people read them, in the language of the page.
import type { AlertView, CoverageView, HitView, SecondView } from './feed'
import { t, tag } from './i18n/index.ts'

interface Formats {
  language: string
  clock: Intl.DateTimeFormat
  day: Intl.DateTimeFormat
  full: Intl.DateTimeFormat
  languages: Intl.DisplayNames
}
let kept: Formats | null = null

function formats(): Formats {
  const language = tag()
  if (kept?.language === language) return kept
  kept = {
    language,
    clock: new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
    day: new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    full: new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' }),
    languages: new Intl.DisplayNames([language], { type: 'language' }),
  }
  return kept
}

/** "14:03:09" of a Unix time. */
export const timeOf = (unix: number): string => formats().clock.format(unix * 1000)
/** "3 Nov, 14:03" of a Unix time, in the order of the language. */
export const dayOf = (unix: number): string => formats().day.format(unix * 1000)
export const momentOf = (unix: number): string => formats().full.format(unix * 1000)
export const isoOf = (unix: number): string => new Date(unix * 1000).toISOString()

/** "99.8 %". Rounded down, so that 100 % is only said when nothing was lost. */
export function percent(share: number): string {
  const tenths = Math.floor(share * 1000 + 1e-9)
  return t('percent', { value: share >= 1 ? '100' : (tenths / 10).toFixed(1) })
}

/** Of a time span: "0.4 s", "42 s", "3 min 05 s", "2 h 07 min". */
export function span(seconds: number): string {
  if (seconds < 9.95) return t('seconds', { s: seconds.toFixed(1) })
  const whole = Math.round(seconds)
  if (whole < 60) return t('seconds', { s: whole })
  const two = (n: number): string => String(n).padStart(2, '0')
  if (whole < 3600) return t('minutes', { m: Math.floor(whole / 60), s: two(whole % 60) })
  return t('hours', { h: Math.floor(whole / 3600), m: two(Math.floor((whole % 3600) / 60)) })
}

export function languageName(code: string): string {
  try {
    return formats().languages.of(code) ?? code
  } catch {
    return code
  }
}

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = AlertView['severity']
export const rank = (severity: Severity): number => SEVERITIES.indexOf(severity)
export const severityName = (severity: Severity): string => t(`severity.${severity}`)

export const gradeMeaning = (grade: HitView['grade']): string => t(`grade.${grade}`)

/** How a hit was found, in plain words; empty where it was found as its list has it. */
export function foundHow(hit: HitView): string {
  if (hit.way === 'exact') return ''
  return t(`way.${hit.way}`, { percent: Math.round(hit.likeness * 100) })
}

export const outcomeName = (outcome: SecondView['outcome']): string => t(`outcome.${outcome}`)

export type CoveragePart = Exclude<keyof CoverageView, 'total' | 'share'>

/** The ledger's states in the order of the bar: examined first, lost last, so that a loss sits at the end in sight. */
export const COVERAGE_PARTS: readonly CoveragePart[] = [
  'examined', 'vetoed', 'pending', 'silence', 'not_consented', 'lost_network', 'lost_overload', 'lost_error',
]

export const lost = (c: CoverageView): number => c.lost_network + c.lost_overload + c.lost_error

/** What to put between two pieces of text: nothing before closing punctuation and in scripts without spaces. */
export function between(left: string, right: string): string {
  const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u
  if (!left || !right || /^[.,;:!?…)\]}。，！？、；：]/u.test(right)) return ''
  return dense.test(left.at(-1) ?? '') && dense.test(right.charAt(0)) ? '' : ' '
}
