// The microphone, and what to tell a person when there is none.
import { t } from './i18n/index.ts'

export interface Trouble {
  title: string
  advice: string
}

/** The microphone's track. Throws a Trouble that says what to do. */
export async function openMicrophone(): Promise<MediaStreamTrack> {
  if (!window.isSecureContext || !navigator.mediaDevices)
    throw trouble(t('microphone.insecure'), t('microphone.insecure_text'))
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    })
    const [track] = stream.getAudioTracks()
    if (track) return track
    throw new DOMException('', 'NotFoundError')
  } catch (error) {
    throw explain(error)
  }
}

const trouble = (title: string, advice: string): Trouble => ({ title, advice })

function explain(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : ''
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return trouble(t('microphone.forbidden'), t('microphone.forbidden_text'))
    case 'NotFoundError':
    case 'OverconstrainedError':
      return trouble(t('microphone.none'), t('microphone.none_text'))
    case 'NotReadableError':
    case 'AbortError':
      return trouble(t('microphone.busy'), t('microphone.busy_text'))
  }
  return trouble(t('microphone.busy'), String(error))
}

/** Calls `show` with the level, 0 to 1, about 15 times a second, until the returned function is called. */
export function watchLevel(track: MediaStreamTrack, show: (level: number) => void): () => void {
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    const rms = Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length)
    // -60 dBFS is the left end, 0 dBFS the right one.
    show(Math.max(0, Math.min(1, 1 + Math.log10(rms + 1e-9) / 3)))
  }, 66)
  return () => {
    clearInterval(timer)
    void context.close()
  }
}
