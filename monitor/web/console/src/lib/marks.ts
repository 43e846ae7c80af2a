// Which words of a transcript belong to a keyword hit. The recogniser's words and the alert's `matched` text come
// from the same transcript, so comparing letters and digits is enough; the server alone decides what is a hit.
import type { HeardMessage, WordView } from './feed'
import type { ShownAlert } from './view.ts'

const bare = (text: string): string => text.normalize('NFKC').toLocaleLowerCase().replace(/[^\p{L}\p{N}\p{M}]/gu, '')

/**
 * The words' indexes that one of `phrases` covers. Places that begin and end with a word are taken where there are any;
 * otherwise all places, since scripts without spaces are cut into words differently by everybody.
 */
export function marked(words: readonly WordView[], phrases: readonly string[]): Set<number> {
  const letters = words.map((word) => bare(word.text))
  const text = letters.join('')
  const owner = letters.flatMap((word, index) => Array.from({ length: word.length }, () => index))
  const edge = (at: number): boolean => at === 0 || at === text.length || owner[at] !== owner[at - 1]
  const found = new Set<number>()
  for (const phrase of new Set(phrases.map(bare))) {
    if (!phrase) continue
    const places: number[] = []
    for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) places.push(at)
    const whole = places.filter((at) => edge(at) && edge(at + phrase.length))
    for (const at of whole.length ? whole : places)
      for (const index of owner.slice(at, at + phrase.length)) found.add(index)
  }
  return found
}

/** Seconds by which a word's end may miss its utterance: both are measured, and one is rounded. */
const SLACK = 0.5

/** Between the parts of a combination that were not said in one go. */
const APART = ' … '

/** The matched texts that alerts found in this utterance, without what a second hearing withdrew. */
export function phrasesIn(heard: HeardMessage, alerts: readonly ShownAlert[]): string[] {
  const { began } = heard
  const ended = began + heard.seconds
  // Repeats are merged into one alert, so it is each hit's own time that says where it was said.
  return alerts
    .filter(({ alert }) => alert.room === heard.room && alert.speaker.id === heard.speaker.id)
    .flatMap(({ alert }) => alert.hits)
    .filter((hit) => hit.spoken_at > began - SLACK && hit.spoken_at < ended + SLACK && hit.second?.outcome !== 'withdrawn')
    .flatMap((hit) => hit.matched.split(APART))
}

export interface Run {
  /** Space before the first word, kept outside of what is marked. */
  lead: string
  text: string
  kind: 'plain' | 'unsure' | 'hit'
  /** Lowest probability of the run's words. */
  probability: number
}

/** Words in runs of one kind, so that a phrase is marked as one piece. `unsure`: probability below which it is said. */
export function runs(words: readonly WordView[], hits: ReadonlySet<number>, unsure: number): Run[] {
  const made: Run[] = []
  words.forEach((word, index) => {
    const kind = hits.has(index) ? 'hit' : word.probability < unsure ? 'unsure' : 'plain'
    const last = made.at(-1)
    if (last?.kind === kind) {
      last.text += word.text
      last.probability = Math.min(last.probability, word.probability)
    } else {
      const text = word.text.trimStart()
      made.push({ lead: word.text.slice(0, word.text.length - text.length), text, kind, probability: word.probability })
    }
  })
  return made
}
