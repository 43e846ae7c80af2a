// Who sits here, and what they may do. The service decides; the page only leaves out what would be refused.
import { api, onEnded } from './api.ts'

export type Permission =
  | 'public' | 'see' | 'listen' | 'review' | 'reveal' | 'export' | 'moderate' | 'lists' | 'rooms' | 'health' | 'keep' | 'audit'
  | 'users' | 'host'

/** Answer of /api/me. */
export interface MeAnswer {
  /** False: only what is public is open. */
  signed_in: boolean
  name: string
  shown_name: string
  roles: string[]
  permissions: Permission[]
  /** local: a machine that serves itself alone and has no accounts */
  via: 'local' | 'session' | 'token' | 'host' | 'none'
  own_password: boolean
  /** How one may sign in: with a password, and by the company's provider of this name (empty: none). */
  ways: { password: boolean; provider: string }
}

class Me {
  #now = $state.raw<MeAnswer | null>(null)
  /** 'out': nobody is signed in; 'ended': a session was there and is over; 'away': the service does not answer. */
  state = $state<'asking' | 'in' | 'out' | 'ended' | 'away'>('asking')

  /** As on the record. */
  get name(): string {
    return this.#now?.name ?? ''
  }
  get shownName(): string {
    return this.#now?.shown_name || this.name
  }
  get roles(): readonly string[] {
    return this.#now?.roles ?? []
  }
  get via(): MeAnswer['via'] {
    return this.#now?.via ?? 'none'
  }
  get ownPassword(): boolean {
    return this.#now?.own_password ?? false
  }
  get ways(): MeAnswer['ways'] {
    return this.#now?.ways ?? { password: true, provider: '' }
  }
  /** There is an account, so its name is on what is done. */
  get known(): boolean {
    return this.via === 'session' || this.via === 'token'
  }
  may(permission: Permission): boolean {
    return permission === 'public' || (this.#now?.permissions.includes(permission) ?? false)
  }

  async ask(): Promise<void> {
    const before = this.state
    try {
      this.#now = await api.get<MeAnswer>('/api/me')
      this.state = this.#now.signed_in ? 'in' : before === 'in' || before === 'ended' ? 'ended' : 'out'
    } catch {
      this.state = 'away'
    }
  }

  /** The service says 401: see whether the session is over. */
  doubted(): void {
    if (this.state === 'in') void this.ask()
  }

  async leave(): Promise<void> {
    await api.post('/api/logout')
    this.#now = null
    this.state = 'asking'
    await this.ask()
  }
}

export const me = new Me()
onEnded(() => me.doubted())
