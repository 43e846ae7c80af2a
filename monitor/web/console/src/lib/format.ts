// Numbers and times as people read them.
import type { AlertView, CoverageView, HitView, SecondView } from './feed'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })
const languages = new Intl.DisplayNames(['en'], { type: 'language' })

export const timeOf = (unix: number): string => clock.format(unix * 1000)
export const momentOf = (unix: number): string => full.format(unix * 1000)
export const isoOf = (unix: number): string => new Date(unix * 1000).toISOString()

/** "99.8 %". Rounded down, so that 100 % is only said when nothing was lost. */
export function percent(share: number): string {
  const tenths = Math.floor(share * 1000 + 1e-9)
  return share >= 1 ? '100 %' : `${(tenths / 10).toFixed(1)} %`
}

/** Of a time span: "0.4 s", "42 s", "3 min 05 s", "2 h 07 min". */
export function span(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (n: number): string => String(n).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

export function languageName(code: string): string {
  try {
    return languages.of(code) ?? code
  } catch {
    return code
  }
}

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = AlertView['severity']
export const rank = (severity: Severity): number => SEVERITIES.indexOf(severity)

export const GRADES: Readonly<Record<HitView['grade'], string>> = {
  A: 'the exact words, surely heard',
  B: 'another form of the words, disguised, in another reading, or with an unsure word',
  C: 'it only sounds alike, or the recogniser was told what to expect',
}

/** How a hit was found, in plain words; empty where it was found as its list has it. */
export function foundHow(hit: HitView): string {
  switch (hit.way) {
    case 'exact':
      return ''
    case 'inflected':
      return 'another form of the words'
    case 'disguised':
      return 'disguised'
    case 'alternative':
      return 'in another reading of the sound'
    case 'sound':
      return `sounds ${Math.round(hit.likeness * 100)} % alike`
  }
}

export const OUTCOMES: Readonly<Record<SecondView['outcome'], string>> = {
  confirmed: 'Confirmed',
  undecided: 'Not decided',
  withdrawn: 'Withdrawn',
}

export interface CoveragePart {
  key: Exclude<keyof CoverageView, 'total' | 'share'>
  label: string
  help: string
}

/** The ledger's states in the order of the bar: examined first, lost last, so that a loss sits at the end in sight. */
export const COVERAGE_PARTS: readonly CoveragePart[] = [
  { key: 'examined', label: 'Examined', help: 'transcribed and checked' },
  { key: 'vetoed', label: 'Not speech', help: 'sound that is not speech: noise, music, coughs' },
  { key: 'pending', label: 'Pending', help: 'heard, waiting to be transcribed' },
  { key: 'silence', label: 'Silence', help: 'nobody spoke' },
  { key: 'not_consented', label: 'Not consented', help: 'left out on purpose' },
  { key: 'lost_network', label: 'Lost: network', help: 'never arrived' },
  { key: 'lost_overload', label: 'Lost: overload', help: 'given up because the recogniser was behind' },
  { key: 'lost_error', label: 'Lost: error', help: 'could not be transcribed' },
]

export const lost = (c: CoverageView): number => c.lost_network + c.lost_overload + c.lost_error

/** What to put between two pieces of text: nothing before closing punctuation and in scripts without spaces. */
export function between(left: string, right: string): string {
  const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u
  if (!left || !right || /^[.,;:!?…)\]}。，！？、；：]/u.test(right)) return ''
  return dense.test(left.at(-1) ?? '') && dense.test(right.charAt(0)) ? '' : ' '
}
