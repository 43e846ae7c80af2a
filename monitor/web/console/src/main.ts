import { mount } from 'svelte'
import './app.css'
import App from './App.svelte'
import { place } from './lib/router.svelte.ts'
import { theme } from './lib/theme.svelte.ts'

theme.start()
place.start()
mount(App, { target: document.getElementById('app') as HTMLElement })
