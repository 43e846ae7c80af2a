// The microphone, and what to tell a person when there is none.

export interface Trouble {
  title: string
  advice: string
}

/** The microphone's track. Throws a Trouble that says what to do. */
export async function openMicrophone(): Promise<MediaStreamTrack> {
  if (!window.isSecureContext || !navigator.mediaDevices)
    throw trouble(
      'The browser gives no microphone to this address',
      'Microphones work only on https:// or on this machine itself. Open the page as http://localhost with the same port, or put the service behind https.',
    )
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    })
    const [track] = stream.getAudioTracks()
    if (track) return track
    throw new DOMException('no audio track', 'NotFoundError')
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
      return trouble(
        'The microphone is not allowed',
        'Allow it in the browser: the sign beside the address, then “Microphone”, then “Allow”. On macOS also look in System Settings, Privacy & Security, Microphone. Then join again.',
      )
    case 'NotFoundError':
    case 'OverconstrainedError':
      return trouble('No microphone was found', 'Plug one in, or choose one in the system’s sound settings, then join again. You can also join only to listen.')
    case 'NotReadableError':
    case 'AbortError':
      return trouble('The microphone can’t be used', 'Another program may hold it. Close that program, then join again.')
  }
  return trouble('The microphone can’t be used', String(error))
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
