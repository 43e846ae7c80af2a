// The pages: each is a chunk of its own, loaded when it is gone to. A new page is one entry here, its address in
// monitor/web/pages.py, and a name in the catalogues where it is in the navigation.
import type { Component } from 'svelte'
import type { Key } from './i18n/index.ts'
import type { Permission } from './me.svelte.ts'

export interface Page {
  /** Named groups become the page's properties, decoded. */
  at: RegExp
  /** Pages have different properties, which the table cannot know. */
  load: () => Promise<{ default: Component<any> }>
  /** What somebody must be allowed to; 'public': everybody. */
  needs: Permission
  /** In the navigation: its address and name. */
  nav?: { href: string; name: Key }
  /** Without header and navigation: for people who are no staff, and for walls. */
  bare?: boolean
}

export const PAGES: readonly Page[] = [
  { at: /^\/(index\.html)?$/, load: () => import('../pages/Dashboard.svelte'), needs: 'see', nav: { href: '/', name: 'nav.board' } },
  { at: /^\/review\/?$/, load: () => import('../pages/Review.svelte'), needs: 'see', nav: { href: '/review', name: 'nav.review' } },
  { at: /^\/review\/(?<id>[^/]+)$/, load: () => import('../pages/ReviewAlert.svelte'), needs: 'see' },
  { at: /^\/rooms\/?$/, load: () => import('../pages/Rooms.svelte'), needs: 'see', nav: { href: '/rooms', name: 'nav.rooms' } },
  { at: /^\/lists(\/(?<id>[^/]+))?\/?$/, load: () => import('../pages/Lists.svelte'), needs: 'see', nav: { href: '/lists', name: 'nav.lists' } },
  { at: /^\/health\/?$/, load: () => import('../pages/Health.svelte'), needs: 'health', nav: { href: '/health', name: 'nav.health' } },
  { at: /^\/users\/?$/, load: () => import('../pages/Users.svelte'), needs: 'users', nav: { href: '/users', name: 'nav.users' } },
  { at: /^\/wall\/?$/, load: () => import('../pages/Wall.svelte'), needs: 'see', bare: true },
  { at: /^\/rooms\/(?<id>[^/]+)\/?$/, load: () => import('../pages/Room.svelte'), needs: 'public', bare: true },
  { at: /^\/host\/?$/, load: () => import('../pages/Host.svelte'), needs: 'public', bare: true },
  { at: /^\/login$/, load: () => import('../pages/Login.svelte'), needs: 'public', bare: true },
]

/** The page at a path with its properties, or null. */
export function pageAt(path: string): { page: Page; params: Record<string, string> } | null {
  for (const page of PAGES) {
    const found = page.at.exec(path)
    if (!found) continue
    const params: Record<string, string> = {}
    for (const [name, value] of Object.entries(found.groups ?? {}))
      if (value !== undefined) params[name] = decodeURIComponent(value)
    return { page, params }
  }
  return null
}
