import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'svelte/compiler'
import en from './en/index.ts'
import { direction, fill, isLocale, LOCALES, pieces, t, use, wanted } from './index.ts'
import zh from './zh/index.ts'

const SRC = fileURLToPath(new URL('../..', import.meta.url))
const catalogues: Record<string, Record<string, string>> = { zh }
after(() => use('en'))

function sources(ending: string): [string, string][] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.endsWith('.test.ts') && !name.endsWith('.d.ts') && !name.includes('i18n'))
    .map((name) => [relative(SRC, join(SRC, name)), readFileSync(join(SRC, name), 'utf8')])
}

const holes = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)/g)].map((m) => m[1] ?? ''))].sort()
const marks = (text: string): string[] => [...text.matchAll(/<(\w+)>/g)].map((m) => m[1] ?? '').sort()

test('every language has every text, with the same parameters and elements', () => {
  for (const [language, messages] of Object.entries(catalogues)) {
    assert.deepEqual(Object.keys(messages).sort(), Object.keys(en).sort(), language)
    for (const [key, text] of Object.entries(en)) {
      assert.notEqual(messages[key]?.trim(), '', `${language} ${key}`)
      assert.deepEqual(holes(messages[key] ?? ''), holes(text), `${language} ${key}`)
      assert.deepEqual(marks(messages[key] ?? ''), marks(text), `${language} ${key}`)
    }
  }
})

test('no two areas have a text of the same name: one would silently stand for both', async () => {
  const areas = readdirSync(join(SRC, 'lib/i18n/en')).filter((name) => name !== 'index.ts')
  const keys: string[] = []
  for (const area of areas) keys.push(...Object.keys(((await import(`./en/${area}`)) as { default: object }).default))
  assert.deepEqual(keys.filter((key, index) => keys.indexOf(key) !== index), [])
  assert.equal(keys.length, Object.keys(en).length)
})

test('every language that can be chosen has a catalogue of its own', () => {
  assert.deepEqual(Object.keys(LOCALES).filter((l) => l !== 'en').sort(), Object.keys(catalogues).sort())
})

test('what is put in keeps its form by number, its figures by language, and brings no elements along', async () => {
  assert.equal(fill('{count} {count|alert|alerts}', { count: 1 }), '1 alert')
  assert.equal(fill('{count} {count|alert|alerts}', { count: 10_000 }), '10,000 alerts')
  assert.equal(fill('{name} is {missing}', { name: '{count}' }), '{count} is {missing}')
  assert.deepEqual(pieces('Phrase <code>{phrase}</code>!', { phrase: '<b>x</b>' }), [
    { kind: 'text', text: 'Phrase ' }, { kind: 'code', text: '<b>x</b>' }, { kind: 'text', text: '!' },
  ])
  assert.equal(t('help.marked'), 'Marked words are what a keyword list found.')
  await use('zh')
  assert.equal(t('rooms.alerts', { count: 2 }), '2 条告警')
  await use('en')
})

test('the language is the one asked for, then the one chosen, then the browser’s, then English', () => {
  assert.equal(wanted('zh', 'en', ['en']), 'zh')
  assert.equal(wanted('xx', 'zh', ['en']), 'zh')
  assert.equal(wanted(null, null, ['fr-FR', 'zh-TW', 'en']), 'zh')
  assert.equal(wanted(null, 'constructor', ['fr']), 'en')
  assert.deepEqual([direction('en'), direction('zh'), direction('en-XB'), isLocale('de')], ['ltr', 'ltr', 'rtl', false])
})

// --- Nothing that a person reads stands outside of the catalogues -----------------------------------------------

const READ_ATTRIBUTES = new Set(['title', 'aria-label', 'placeholder', 'alt', 'label', 'aria-description', 'aria-roledescription', 'aria-valuetext'])
/** What is the same in all languages: signs, figures, and one letter that is a key or a grade. */
const UNIVERSAL = /^[^\p{L}]*[A-Za-z]?[^\p{L}]*$/u

interface Node { type: string; [name: string]: unknown }

function* walk(node: unknown): Generator<Node> {
  if (Array.isArray(node)) for (const each of node) yield* walk(each)
  else if (node !== null && typeof node === 'object') {
    const at = node as Node
    if (typeof at.type === 'string') yield at
    for (const [name, value] of Object.entries(at)) if (!['loc', 'parent', 'metadata'].includes(name)) yield* walk(value)
  }
}

test('no text of a page is written where it is shown', () => {
  const found: string[] = []
  for (const [name, source] of sources('.svelte')) {
    const tree = parse(source, { modern: true }) as unknown as { fragment: Node }
    for (const node of walk(tree.fragment)) {
      if (node.type === 'Attribute') {
        const values = Array.isArray(node.value) ? (node.value as Node[]) : []
        for (const value of values)
          if (value.type === 'Text' && READ_ATTRIBUTES.has(String(node.name)) && !UNIVERSAL.test(String(value.data).trim()))
            found.push(`${name}: ${String(node.name)}="${String(value.data)}"`)
      } else if ((node.type === 'RegularElement' || node.type === 'Component' || node.type === 'Fragment') && (node.fragment ?? node.nodes)) {
        const inside = ((node.fragment as Node | undefined)?.nodes ?? node.nodes) as Node[]
        if (['code', 'kbd', 'svg', 'path'].includes(String(node.name))) continue
        for (const child of inside)
          if (child.type === 'Text' && !UNIVERSAL.test(String(child.data).trim())) found.push(`${name}: ${String(child.data).trim()}`)
      } else if (node.type === 'Literal' && typeof node.value === 'string' && /\p{L}{2,} \p{L}{2,}/u.test(node.value) && !isCode(node.value))
        found.push(`${name}: '${node.value}'`)
    }
  }
  assert.deepEqual([...new Set(found)], [])
})

/** Values of CSS and of attributes that programs read. */
const isCode = (text: string): boolean => /^(?:noopener|noreferrer|[\w-]+( [\w-]+)*;?$)/.test(text) && !/[A-Z]/.test(text.charAt(0))

test('no sentence for people is written in a script', () => {
  const found: string[] = []
  for (const [name, source] of [...sources('.ts'), ...sources('.svelte')]) {
    const script = name.endsWith('.svelte') ? [...source.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((m) => m[1]).join('\n') : source
    const bare = script.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
    for (const [, , text] of bare.matchAll(/(['"`])((?:[A-Z]\p{L}*|\p{L}+)(?: [\p{L}’']+){2,}[^'"`\n]*)\1/gu)) if (!/\b(?:Mono|Sans|sans-serif)\b/.test(text ?? '')) found.push(`${name}: ${text}`)
  }
  assert.deepEqual(found, [])
})

test('every text is used somewhere', () => {
  const all = [...sources('.ts'), ...sources('.svelte')].map(([, source]) => source).join('\n')
  // Keys made of parts: `severity.${severity}` uses all that begin with "severity.".
  const made = [...all.matchAll(/`([\w.]+[._])\$\{[^`]*`/g)].map((m) => m[1] ?? '')
  const idle = Object.keys(en).filter((key) => {
    const literal = all.includes(`'${key}'`) || all.includes(`"${key}"`)
    return !literal && !made.some((beginning) => key.startsWith(beginning))
  })
  assert.deepEqual(idle, [])
})
