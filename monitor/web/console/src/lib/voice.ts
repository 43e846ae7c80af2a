// What is said of a voice, in the words that moderators read. Never more than the detector's evaluation carries.
import type { VoiceDetectorView, VoiceSignView, VoiceView } from './feed'
import { span } from './format.ts'
import { t } from './i18n/index.ts'

const MOST = 1000

/**
 * "20 : 1", "1 : 3", "1 : 1" of a natural log of a likelihood ratio; two figures, since no more are meant. No detector
 * was measured on so many people that it could say "a million times": beyond a thousand it is only said to be beyond.
 */
export function ratio(llr: number): string {
  const times = Math.exp(Math.abs(llr))
  if (times > MOST) return llr < 0 ? `1 : over ${MOST}` : `over ${MOST} : 1`
  const two = times < 9.95 ? times.toFixed(1).replace(/\.0$/, '') : String(Number(times.toPrecision(2)))
  return llr < 0 ? `1 : ${two}` : `${two} : 1`
}

export const voiceState = (state: VoiceView['state']): string => t(`voice.${state}`)

export type Label = NonNullable<VoiceSignView['label']>
export const LABELS: readonly Label[] = ['confirmed', 'possible', 'suspected', 'dismissed']
export const labelName = (label: Label): string => t(`voice.${label}`)

/** Why nothing is said of some of the speech: "4.0 s too noisy, 2.0 s too short". */
export const abstained = (voice: VoiceView): string =>
  voice.abstained.map(({ reason, seconds }) => t(`abstained.${reason}`, { span: span(seconds) })).join(', ')

/** Whether a state is one that people should look at. */
export const marked = (voice: VoiceView | null): boolean => voice?.state === 'suspicious' || voice?.state === 'alert'

/** What the detector does here, in a few words. */
export function doing(detector: VoiceDetectorView): string {
  if (detector.state === 'failed') return t('voice.off')
  if (!detector.calibration) return t('voice.uncalibrated')
  const what = t(detector.marks_only ? 'voice.does_mark' : 'voice.does_alert')
  return detector.state === 'behind' ? t('voice.cant_keep_up', { what }) : what
}
