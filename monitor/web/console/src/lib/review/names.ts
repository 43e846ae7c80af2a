// Rooms by their names, as the feed tells them.
import type { IncidentView } from '../feed'
import { feed } from '../feed.svelte.ts'
import { t } from '../i18n/index.ts'
import { roomName } from '../view.ts'

export const nameOf = (room: string): string => roomName(feed.view, room)

/** "Lobby", or "Lobby and 3 rooms more". */
export const roomLabel = (incident: IncidentView): string =>
  incident.room_count > 1 ? t('review.rooms', { room: nameOf(incident.room), count: incident.room_count - 1 }) : nameOf(incident.room)
