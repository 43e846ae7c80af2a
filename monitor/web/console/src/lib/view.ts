// What the dashboard shows, made from feed messages by one pure function.
import type {
  AlertView,
  Behind,
  CanaryRan,
  EvidenceErased,
  FeedMessage,
  GapNoted,
  HeardMessage,
  Hello,
  RoomChanged,
  RoomView,
  RuleStateChanged,
  SpeakerChanged,
  SpeakerView,
  VoiceChanged,
  VoiceDetectorChanged,
  VoiceDetectorView,
  VoiceView,
} from './feed'

export const MOST_LINES = 500
export const MOST_ALERTS = 200

export interface ShownAlert {
  alert: AlertView
  /** Number of the message that raised it: newest first is by this. */
  seq: number
  /** It came or changed while the page was open, and not from the history. */
  fresh: boolean
}

/** One line of the transcript stream: speech, a gap, a room's or speaker's coming and going, a rule's new state, a canary that failed, a voice that is marked or no longer. */
export type Line =
  | HeardMessage | GapNoted | SpeakerChanged | RoomChanged | RuleStateChanged | CanaryRan | VoiceChanged | VoiceDetectorChanged

export interface View {
  /** Number of the last numbered message that was applied. */
  seq: number
  /** Messages up to here were history when the page first connected: they make no noise. */
  quietUntil: number
  greeted: boolean
  /** The present state in `rooms` is as of this number; older room messages don't change it. */
  asOf: number
  model: string
  version: string
  lists: string[]
  /** Why lists are refused; the versions before them stay in force. */
  problems: string[]
  heartbeat: number
  truncated: boolean
  rooms: RoomView[]
  alerts: ShownAlert[]
  lines: Line[]
  behind: Behind | null
  /** How much less than everything is done for each utterance, in steps; 0: everything. */
  effort: number
  /** The synthetic-voice detector; null: there is none. */
  voices: VoiceDetectorView | null
  /** Alerts since the page was last looked at. */
  unseen: number
}

export function emptyView(): View {
  return {
    seq: 0,
    quietUntil: 0,
    greeted: false,
    asOf: 0,
    model: '',
    version: '',
    lists: [],
    problems: [],
    heartbeat: 5,
    truncated: false,
    rooms: [],
    alerts: [],
    lines: [],
    behind: null,
    effort: 0,
    voices: null,
    unseen: 0,
  }
}

/** The view after one message. A numbered message that was seen before changes nothing. */
export function apply(view: View, message: FeedMessage): View {
  if (!('seq' in message) || message.type === 'hello' || message.type === 'heartbeat' || message.type === 'goodbye')
    return applyPassing(view, message)
  if (message.seq <= view.seq) return view
  const next = { ...view, seq: message.seq }
  const present = message.seq > view.asOf
  switch (message.type) {
    case 'room':
      return {
        ...next,
        lines: triesAgain(next.lines, message) ? next.lines : added(next.lines, message),
        rooms: present ? withRoom(next.rooms, message.room) : next.rooms,
      }
    case 'canary':
      return message.outcome === 'heard' ? next : { ...next, lines: added(next.lines, message) }
    case 'speaker':
      return { ...next, lines: added(next.lines, message), rooms: present ? withChange(next.rooms, message) : next.rooms }
    case 'heard':
      return isCanary(next, message.room) ? next : { ...next, lines: added(next.lines, message) }
    case 'gap':
    case 'rule_state':
      return { ...next, lines: added(next.lines, message) }
    case 'voice':
      return {
        ...next,
        lines: isCanary(next, message.room) || !worthALine(message) ? next.lines : added(next.lines, message),
        rooms: present ? withVoice(next.rooms, message.room, message.speaker.id, message.voice) : next.rooms,
      }
    case 'voice_detector':
      return { ...next, lines: added(next.lines, message), voices: present ? message.detector : next.voices }
    case 'behind':
      return { ...next, behind: message.recovered ? null : message }
    case 'model':
      return { ...next, model: present && message.outcome === 'used' && !message.language ? message.model : next.model }
    case 'effort':
      return { ...next, effort: present ? message.step : next.effort }
    case 'alert':
    case 'alert_changed':
      return isCanary(next, message.alert.room) ? next : withAlert(next, message.alert, message.seq)
    case 'erased':
      return without(next, message)
    default:
      return next // other pages show it, or the service is newer than this page
  }
}

/** Nothing of what was erased may be shown any more: its alerts, and all lines of its rooms (what stays is asked for again). */
function without(view: View, erased: EvidenceErased): View {
  const gone = new Set(erased.alerts)
  const rooms = new Set(erased.rooms)
  const roomOf = (line: Line): string | null => ('room' in line ? (typeof line.room === 'string' ? line.room : line.room.id) : null)
  return {
    ...view,
    alerts: view.alerts.filter((shown) => !gone.has(shown.alert.id)),
    lines: view.lines.filter((line) => !rooms.has(roomOf(line) ?? '')),
  }
}

/** What the canary says, and the alerts on it, are the service's own test. */
const isCanary = (view: View, id: string): boolean => view.rooms.some((room) => room.id === id && room.canary)

function applyPassing(view: View, message: FeedMessage): View {
  switch (message.type) {
    case 'hello':
      return greet(view, message)
    case 'talking':
      return {
        ...view,
        rooms: inRoom(view.rooms, message.room, (room) => ({
          ...room,
          speakers: room.speakers.map((s) => (s.id === message.speaker ? { ...s, talking: message.talking } : s)),
        })),
      }
    case 'voice_now':
      return { ...view, rooms: withVoice(view.rooms, message.room, message.speaker, message.voice) }
    case 'lists':
      return { ...view, lists: message.lists, problems: message.problems }
    case 'coverage':
      return { ...view, rooms: inRoom(view.rooms, message.room, (room) => ({ ...room, coverage: message.coverage })) }
    default:
      return view
  }
}

function greet(view: View, hello: Hello): View {
  // A number lower than one already seen: the service began a new history, so what is shown belongs to the old one.
  const kept = hello.seq < view.seq ? emptyView() : view
  return {
    ...kept,
    greeted: true,
    seq: Math.max(kept.seq, hello.after),
    quietUntil: kept.greeted ? kept.quietUntil : hello.seq,
    asOf: hello.seq,
    model: hello.model,
    version: hello.version,
    lists: hello.lists,
    problems: hello.problems,
    heartbeat: hello.heartbeat,
    truncated: hello.truncated,
    rooms: hello.rooms,
    voices: hello.voices,
    effort: hello.effort,
  }
}

function withAlert(view: View, alert: AlertView, seq: number): View {
  const fresh = seq > view.quietUntil
  const before = view.alerts.find((shown) => shown.alert.id === alert.id)
  const escalated = before !== undefined && before.alert.state !== 'escalated' && alert.state === 'escalated'
  const unseen = view.unseen + (fresh && (!before || escalated) ? 1 : 0)
  const shown = { alert, seq: before?.seq ?? seq, fresh }
  const alerts = before
    ? view.alerts.map((other) => (other === before ? shown : other))
    : [shown, ...view.alerts].slice(0, MOST_ALERTS)
  return { ...view, alerts, unseen }
}

const added = (lines: Line[], line: Line): Line[] => [...lines.slice(1 - MOST_LINES), line]

/** A room that is away is tried every second: one line says so, and another one only where the reason is another. */
function triesAgain(lines: readonly Line[], { room }: RoomChanged): boolean {
  if (room.state !== 'joining' && room.state !== 'waiting') return false
  const before = lines.findLast((line): line is RoomChanged => line.type === 'room' && line.room.id === room.id)
  return before?.room.state === 'waiting' && (room.state === 'joining' || room.detail === before.room.detail)
}

const inRoom = (rooms: RoomView[], id: string, change: (room: RoomView) => RoomView): RoomView[] =>
  rooms.map((room) => (room.id === id ? change(room) : room))

/** Not worth one: that enough was said to see no sign. */
const worthALine = ({ before, voice }: VoiceChanged): boolean => isMark(before) || isMark(voice.state)
const isMark = (state: VoiceView['state']): boolean => state === 'suspicious' || state === 'alert'

const withVoice = (rooms: RoomView[], id: string, speaker: string, voice: VoiceView): RoomView[] =>
  inRoom(rooms, id, (room) => ({ ...room, speakers: room.speakers.map((s) => (s.id === speaker ? { ...s, voice } : s)) }))

function withRoom(rooms: RoomView[], room: RoomView): RoomView[] {
  if (room.removed) return rooms.filter((r) => r.id !== room.id)
  return rooms.some((r) => r.id === room.id) ? inRoom(rooms, room.id, () => room) : [...rooms, room]
}

function withChange(rooms: RoomView[], message: SpeakerChanged): RoomView[] {
  return inRoom(rooms, message.room, (room) => {
    const others: SpeakerView[] = room.speakers.filter((s) => s.id !== message.speaker.id)
    return { ...room, speakers: message.change === 'joined' ? [...others, message.speaker] : others }
  })
}

/** Name of a speaker's or alert's room; its id where the room is gone. */
export const roomName = (view: View, id: string): string => view.rooms.find((r) => r.id === id)?.name || id
