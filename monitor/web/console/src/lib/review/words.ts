// Words in the time of a clip. Pure.
import type { AlertView, HeardMessage } from '../feed'
import { marked, phrasesIn } from '../marks.ts'

export interface Placed {
  text: string
  /** Seconds from the clip's first sample; before it or after its end where the clip doesn't reach. */
  start: number
  end: number
  probability: number
  hit: boolean
}
export interface Said {
  heard: HeardMessage
  words: Placed[]
  /** It is the alert's own speaker. */
  own: boolean
}

/** What was said, with its words in the clip's time and the hits of the alert marked. `began`: Unix time of the clip. */
export function place(alert: AlertView, utterances: readonly HeardMessage[], began: number): Said[] {
  const shown = [{ alert, seq: 0, fresh: false }]
  return utterances.map((heard) => {
    const own = heard.speaker.id === alert.speaker.id
    const hits = own ? marked(heard.words, phrasesIn(heard, shown)) : new Set<number>()
    const words = heard.words.map((word, index) => ({
      text: word.text,
      start: heard.began + word.start - began,
      end: heard.began + word.end - began,
      probability: word.probability,
      hit: hits.has(index),
    }))
    return { heard, words, own }
  })
}
