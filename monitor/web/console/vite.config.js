import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const service = 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../static',
    emptyOutDir: true,
    // Nothing inline: the pages work under a content policy of 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npm run dev` beside a running `room-monitor run`.
  server: {
    proxy: {
      '/api': service,
      '/feed': { target: service, ws: true },
      '^/rooms/[^/]+/ws$': { target: service, ws: true },
    },
  },
})
