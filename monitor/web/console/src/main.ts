import { mount } from 'svelte'
import './app.css'
import App from './App.svelte'
import { direction, locale, stored, tag, use, wanted } from './lib/i18n/index.ts'
import { place } from './lib/router.svelte.ts'
import { theme } from './lib/theme.svelte.ts'

await use(wanted(new URLSearchParams(location.search).get('lang'), stored(), navigator.languages))
document.documentElement.lang = tag()
document.documentElement.dir = direction(locale())
theme.start()
place.start()
mount(App, { target: document.getElementById('app') as HTMLElement })
