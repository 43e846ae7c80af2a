// The words of the console. Every text that a person reads is in a catalogue: en/ is the original, the others follow.
//
//   t('board.alerts')                          a text
//   t('feed.resumed', { count: 3 })            {count} is put in, numbers as the language writes them
//   "{count} {count|alert|alerts}"             a form by number: one|other, as Intl.PluralRules counts
//   "Press <kbd>j</kbd>"                       <T k="..."/> shows b, i, code, kbd, mark and q as elements; t() leaves them out
//
// The language is known before the page is mounted and changes only by loading it anew, so t() is not reactive:
// never call it while a module is loaded, only inside functions and components.
import en from './en/index.ts'
import type { Messages } from './types.ts'

export type Key = keyof typeof en
export type Params = Readonly<Record<string, string | number>>
export type Locale = 'en' | 'zh' | 'en-XB'

/** Languages to choose from, each in its own words. en-XB is English mirrored: it shows what right-to-left scripts would meet. */
export const LOCALES: Readonly<Record<Exclude<Locale, 'en-XB'>, string>> = { en: 'English', zh: '中文' }
const RIGHT_TO_LEFT: ReadonlySet<Locale> = new Set<Locale>(['en-XB'])
const STORED = 'room-monitor.language'

let messages: Messages<Key> = en
let now: Locale = 'en'
let plural = new Intl.PluralRules('en')
let figures = new Intl.NumberFormat('en')

export const locale = (): Locale => now
/** For Intl: the mirrored English counts as English. */
export const tag = (): string => (now === 'en-XB' ? 'en' : now)
export const direction = (of: Locale = now): 'ltr' | 'rtl' => (RIGHT_TO_LEFT.has(of) ? 'rtl' : 'ltr')

export function isLocale(value: string | null): value is Locale {
  return value === 'en' || value === 'zh' || value === 'en-XB'
}

/** The language to show: asked for in the address (?lang=), chosen before, or the browser's first that is there. */
export function wanted(asked: string | null, stored: string | null, browser: readonly string[]): Locale {
  if (isLocale(asked)) return asked
  if (isLocale(stored)) return stored
  for (const each of browser) {
    const base = each.split('-')[0] ?? ''
    if (isLocale(base)) return base
  }
  return 'en'
}

/** Loads the catalogue; to be awaited before anything is shown. */
export async function use(to: Locale): Promise<void> {
  messages = to === 'zh' ? (await import('./zh/index.ts')).default : en
  now = to
  plural = new Intl.PluralRules(tag())
  figures = new Intl.NumberFormat(tag())
}

/** Keeps the choice and shows the page in it. */
export function choose(to: Locale): void {
  try {
    localStorage.setItem(STORED, to)
  } catch {
    // storage may be forbidden: the address then says it
  }
  const address = new URL(location.href)
  address.searchParams.set('lang', to)
  location.replace(address)
}

/** What was chosen before, or null. */
export function stored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

/** A count as the language writes it: "1,200". */
export const figure = (count: number): string => figures.format(count)

const TAGS = /<\/?(?:b|i|code|kbd|mark|q)>/g

/** The text without elements, for attributes, titles and plain places. */
export function t(key: Key, params: Params = {}): string {
  return fill(messages[key].replace(TAGS, ''), params)
}

/** The text as in the catalogue, with its elements; for <T>. */
export const raw = (key: Key): string => messages[key]

/** Puts the parameters in. A name that isn't given stays as it is, so that it is seen. */
export function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)((?:\|[^{}|]*)*)\}/g, (whole, name: string, forms: string) => {
    const value = params[name]
    if (value === undefined) return whole
    if (forms) return byNumber(forms.slice(1).split('|'), Number(value))
    return typeof value === 'number' ? figures.format(value) : value
  })
}

function byNumber(forms: string[], count: number): string {
  return (plural.select(count) === 'one' ? forms[0] : (forms[1] ?? forms[0])) ?? ''
}

export type Piece = { kind: 'text' | 'b' | 'i' | 'code' | 'kbd' | 'mark' | 'q'; text: string }

/** The text cut at its elements, which don't nest. Parameters are put in afterwards: they can't bring elements along. */
export function pieces(text: string, params: Params = {}): Piece[] {
  const made: Piece[] = []
  let at = 0
  for (const found of text.matchAll(/<(b|i|code|kbd|mark|q)>(.*?)<\/\1>/g)) {
    if (found.index > at) made.push({ kind: 'text', text: fill(text.slice(at, found.index), params) })
    made.push({ kind: found[1] as Piece['kind'], text: fill(found[2] ?? '', params) })
    at = found.index + found[0].length
  }
  if (at < text.length) made.push({ kind: 'text', text: fill(text.slice(at), params) })
  return made
}
