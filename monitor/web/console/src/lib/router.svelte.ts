// Two pages, so the address bar is the router.
class Place {
  path = $state(location.pathname)

  start(): void {
    window.addEventListener('popstate', () => (this.path = location.pathname))
    document.addEventListener('click', (event) => {
      const link = (event.target as Element).closest?.('a')
      if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download') || link.hash) return
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
        return
      event.preventDefault()
      history.pushState(null, '', link.href)
      this.path = location.pathname
      window.scrollTo(0, 0)
    })
  }

  /** Id of the room whose page this is, or null. */
  get room(): string | null {
    const found = /^\/rooms\/([^/]+)\/?$/.exec(this.path)
    return found?.[1] ? decodeURIComponent(found[1]) : null
  }
}

export const place = new Place()
