// Writes src/lib/feed.d.ts from the feed's JSON Schema, which monitor/messages.py defines.
//   npm run types                     asks the project's Python for the schema
//   npm run types -- schema.json      takes the schema from a file ("-": standard input)
// The result goes to src/lib/feed.d.ts, or to standard output with --print.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../../..')
const target = join(here, '../src/lib/feed.d.ts')
const HEAD = `// Generated from monitor/messages.py by scripts/feed-types.mjs: change it there, then \`npm run types\`.
// The server sends every field, also those with a default, so nothing here is optional.
`

function readSchema(source) {
  if (source) return readFileSync(source === '-' ? 0 : source, 'utf8')
  const own = join(root, '.venv/bin/python')
  const code =
    'import json; from monitor.messages import FEED; print(json.dumps(FEED.json_schema(mode="serialization")))'
  return execFileSync(existsSync(own) ? own : 'python3', ['-c', code], { cwd: root, encoding: 'utf8' })
}

const reference = (schema) => schema.$ref.replace('#/$defs/', '')

/** The TypeScript type of a schema. Throws on a keyword that it doesn't know, rather than write a wrong type. */
function typeOf(schema) {
  if (schema.$ref) return reference(schema)
  if ('const' in schema) return literal(schema.const)
  if (schema.enum) return schema.enum.map(literal).join(' | ')
  const union = schema.anyOf ?? schema.oneOf
  if (union) return union.map(typeOf).join(' | ')
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array': {
      const item = typeOf(schema.items)
      return item.includes('|') ? `(${item})[]` : `${item}[]`
    }
  }
  throw new Error(`no type is known for ${JSON.stringify(schema)}`)
}

const literal = (value) => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value))

function comment(text, indent) {
  if (!text) return ''
  const lines = text.replaceAll('*/', '* /').split('\n')
  const body = lines.length === 1 ? ` ${lines[0]} ` : lines.map((l) => `\n${indent} * ${l}`).join('') + `\n${indent} `
  return `${indent}/**${body}*/\n`
}

function declare([name, schema]) {
  if (schema.type !== 'object') return `${comment(schema.description, '')}export type ${name} = ${typeOf(schema)}\n`
  const fields = Object.entries(schema.properties).map(
    ([key, value]) => `${comment(value.description, '  ')}  ${key}: ${typeOf(value)}\n`,
  )
  return `${comment(schema.description, '')}export interface ${name} {\n${fields.join('')}}\n`
}

const [, , ...words] = process.argv
const schema = JSON.parse(readSchema(words.find((word) => !word.startsWith('--'))))
const parts = Object.entries(schema.$defs).map(declare)
const union = `export type FeedMessage =\n${schema.oneOf.map((s) => `  | ${reference(s)}\n`).join('')}`
const text = [HEAD, ...parts, union].join('\n')
if (words.includes('--print')) process.stdout.write(text)
else writeFileSync(target, text)
