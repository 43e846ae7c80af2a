// What passes over /rooms/<id>/ws: one JSON object a message. Sessions are SDP without trickled candidates.
export interface Participant {
  id: string
  name: string
  role: string
  muted: boolean
  talking: boolean
}
export interface RoomInfo {
  id: string
  name: string
  notice: string
  participants: Participant[]
}
/** Which participant is heard on which media line of the downstream connection, by its MID. */
export type Slots = Record<string, string>

export type FromClient =
  | { type: 'join'; name: string; role: 'participant' }
  | { type: 'publish'; sdp: string }
  | { type: 'answer'; sdp: string }
  | { type: 'mute'; muted: boolean }
  | { type: 'leave' }

export type FromServer =
  | { type: 'joined'; id: string; room: { id: string; name: string }; participants: Participant[]; notice: string }
  | { type: 'published'; sdp: string }
  | { type: 'offer'; sdp: string; slots: Slots }
  | { type: 'slots'; slots: Slots }
  | { type: 'roster'; participants: Participant[] }
  | { type: 'talking'; id: string; talking: boolean }
  | { type: 'notice'; text: string }
  | { type: 'problem'; code: string; message: string }
  | { type: 'refused'; code: string; message: string }
  | { type: 'ended' }
