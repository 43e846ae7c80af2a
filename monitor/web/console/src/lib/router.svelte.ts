// The address bar is the router: the path chooses the page, the query is what a page shows (its filters).
class Place {
  path = $state(location.pathname)
  search = $state(location.search)

  start(): void {
    window.addEventListener('popstate', () => this.#read())
    document.addEventListener('click', (event) => {
      const link = (event.target as Element).closest?.('a')
      if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download') || link.hash) return
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
        return
      // What the service answers itself is no page of the console.
      if (/^\/(api|assets|openapi\.json|metrics|healthz)(\/|$)/.test(link.pathname)) return
      event.preventDefault()
      this.go(link.href)
    })
  }

  /** To another page, as if a link had been clicked. */
  go(address: string): void {
    history.pushState(null, '', address)
    this.#read()
    window.scrollTo(0, 0)
  }

  /** The query's value, or ''. */
  get(name: string): string {
    return new URLSearchParams(this.search).get(name) ?? ''
  }

  /** Changes the query without a new page: filters are part of the address. Empty values are left out. */
  set(values: Readonly<Record<string, string>>): void {
    const query = new URLSearchParams(this.search)
    for (const [name, value] of Object.entries(values)) {
      if (value) query.set(name, value)
      else query.delete(name)
    }
    const text = query.toString()
    const search = text ? `?${text}` : ''
    if (search === this.search) return
    history.replaceState(null, '', `${this.path}${search}`)
    this.search = search
  }

  #read(): void {
    this.path = location.pathname
    this.search = location.search
  }
}

export const place = new Place()
